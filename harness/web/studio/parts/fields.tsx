// Labelled inputs: sliders, numbers, choices, switches.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Common {
  readonly label: string;
  readonly hint?: string;
  readonly disabled?: boolean;
}

interface SliderProps extends Common {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What is shown at the right; the value unless said. */
  readonly shown?: string;
  /** A longer label, for screen readers. */
  readonly spoken?: string;
  onInput(value: number): void;
}

export function Slider({ label, hint, value, shown, spoken, onInput, ...rest }: SliderProps) {
  const id = useId();
  return (
    <div class="field">
      <div class="field-head">
        <label for={id}>{label}</label>
        <output for={id}>{shown ?? value}</output>
      </div>
      <input
        id={id}
        type="range"
        {...rest}
        value={value}
        aria-label={spoken}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber)}
      />
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}

interface NumberProps extends Common {
  /** Undefined: `placeholder` says what is taken. */
  readonly value: number | undefined;
  readonly placeholder?: string;
  readonly min?: number;
  readonly max?: number;
  readonly step?: number | 'any';
  onChange(value: number | undefined): void;
}

export function NumberField({ label, hint, value, placeholder, onChange, ...rest }: NumberProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        {...rest}
        step={rest.step ?? 'any'}
        placeholder={placeholder}
        value={value ?? ''}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={({ currentTarget: { value: text } }) =>
          onChange(text.trim() === '' ? undefined : Number(text))
        }
      />
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}

interface ChoiceProps<T extends string> extends Common {
  readonly value: T;
  readonly options: readonly (readonly [T, string])[];
  onChange(value: T): void;
}

export function Choice<T extends string>({
  label,
  hint,
  value,
  options,
  disabled,
  onChange,
}: ChoiceProps<T>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.currentTarget.value as T)}
      >
        {options.map(([name, text]) => (
          <option key={name} value={name}>
            {text}
          </option>
        ))}
      </select>
      {hint && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}

/** One of a few, all in sight. */
export function Segments<T extends string>({ label, value, options, disabled, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset class="segments" disabled={disabled}>
      <legend>{label}</legend>
      <div class="segments-row">
        {options.map(([key, text]) => (
          <label key={key} class={key === value ? 'segment chosen' : 'segment'}>
            <input type="radio" name={name} checked={key === value} onChange={() => onChange(key)} />
            <span>{text}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface FileButtonProps {
  readonly label: ComponentChildren;
  readonly accept: string;
  readonly multiple?: boolean;
  readonly class?: string;
  readonly disabled?: boolean;
  /** A longer label, for screen readers. */
  readonly spoken?: string;
  onFiles(files: File[]): void;
}

/** A button that opens the file dialogue; by keyboard too. */
export function FileButton({
  label,
  accept,
  multiple = false,
  class: name = 'button',
  disabled,
  spoken,
  onFiles,
}: FileButtonProps) {
  return (
    <label class={name} data-disabled={disabled ? '' : undefined}>
      <input
        type="file"
        class="visually-hidden"
        {...{ accept, multiple, disabled }}
        aria-label={spoken}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          currentTarget.value = '';
          if (files.length > 0) onFiles(files);
        }}
      />
      {label}
    </label>
  );
}
