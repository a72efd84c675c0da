// A place for one picture that is not needed: chosen, shown, taken away.
import { t } from '../i18n.js';
import { ACCEPT } from './accept.js';
import { FileButton } from './fields.js';

interface SlotProps {
  readonly label: string;
  readonly chosen: { readonly name: string; readonly url: string } | undefined;
  readonly disabled: boolean;
  onFile(file: File): void;
  onRemove(): void;
}

export function PictureSlot({ label, chosen, disabled, onFile, onRemove }: SlotProps) {
  return (
    <div class="style-item">
      {chosen ? <img src={chosen.url} alt={chosen.name} /> : <span class="thumb" />}
      <div>
        <div class="slot-label" title={label}>
          {label}
        </div>
        <div class="file-name" title={chosen?.name}>
          {chosen?.name ?? t('style.none')}
        </div>
      </div>
      <div class="row">
        <FileButton
          label={t(chosen ? 'style.replace' : 'style.choose')}
          spoken={t('style.chooseFor', { label })}
          accept={ACCEPT}
          disabled={disabled}
          onFiles={([file]) => file && onFile(file)}
        />
        {chosen && (
          <button
            type="button"
            class="quiet icon"
            aria-label={t('style.removeFor', { label })}
            disabled={disabled}
            onClick={onRemove}
          >
            ✕
          </button>
        )}
      </div>
    </div>
  );
}
