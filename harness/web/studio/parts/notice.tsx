// Something to know, in plain words, with what to do about it.
import type { ComponentChildren } from 'preact';
import { useReturnedFocus } from './focus.js';

interface NoticeProps {
  readonly kind: 'info' | 'warning' | 'error';
  readonly title: string;
  readonly children?: ComponentChildren;
  /** Buttons. */
  readonly actions?: ComponentChildren;
}

export function Notice({ kind, title, children, actions }: NoticeProps) {
  const place = useReturnedFocus<HTMLDivElement>();
  return (
    <div ref={place} class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <strong>{title}</strong>
      {children && <div class="notice-body">{children}</div>}
      {actions && <div class="row">{actions}</div>}
    </div>
  );
}
