// A question that is answered before anything else: with its buttons in the focus, left by Escape too.
import { t } from '../i18n.js';
import { useReturnedFocus } from './focus.js';

interface QuestionProps {
  readonly text: string;
  readonly yes: string;
  onYes(): void;
  onNo(): void;
}

export function Question({ text, yes, onYes, onNo }: QuestionProps) {
  const place = useReturnedFocus<HTMLDivElement>({ take: true });
  return (
    <div
      ref={place}
      class="notice warning"
      role="alertdialog"
      aria-label={text}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onNo();
      }}
    >
      <strong>{text}</strong>
      <div class="row">
        <button type="button" onClick={onYes}>
          {yes}
        </button>
        <button type="button" class="quiet" onClick={onNo}>
          {t('faces.no')}
        </button>
      </div>
    </div>
  );
}
