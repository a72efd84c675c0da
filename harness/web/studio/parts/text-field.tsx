// A labelled line of text.
import type { TargetedEvent } from 'preact';
import { useId } from 'preact/hooks';

interface TextProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: string;
  readonly secret?: boolean;
  /** Names that are offered while one types. */
  readonly offers?: readonly string[];
  onInput(value: string): void;
}

export function TextField({ label, hint, value, secret = false, offers, onInput }: TextProps) {
  const id = useId();
  const common = {
    id,
    value,
    autocomplete: 'off',
    'aria-describedby': hint ? `${id}-hint` : undefined,
    onInput: (event: TargetedEvent<HTMLInputElement>) => onInput(event.currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {secret ? (
        <input type="password" {...common} />
      ) : (
        <input type="text" {...common} list={offers && `${id}-list`} />
      )}
      {offers && (
        <datalist id={`${id}-list`}>
          {offers.map((offer) => (
            <option key={offer} value={offer} />
          ))}
        </datalist>
      )}
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}
