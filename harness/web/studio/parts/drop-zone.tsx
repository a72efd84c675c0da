// Takes files that are dropped on it; what is within does the same by keyboard.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface DropZoneProps {
  /** Told apart by tests. */
  readonly name: string;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
  onFiles(files: File[]): void;
}

export function DropZone({ name, disabled = false, children, onFiles }: DropZoneProps) {
  const [over, setOver] = useState(false);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the button within does the same by keyboard
    <div
      class={over ? 'over' : undefined}
      data-drop={name}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        if (!disabled) onFiles([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      {children}
    </div>
  );
}
