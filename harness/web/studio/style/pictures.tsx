// Content and styles: dropped, pasted or chosen; shares of the styles.
import { t } from '../i18n.js';
import { ACCEPT } from '../parts/accept.js';
import { Card } from '../parts/card.js';
import { DropZone } from '../parts/drop-zone.js';
import { FileButton, Slider } from '../parts/fields.js';
import { PictureSlot } from '../parts/picture-slot.js';
import { addStyles, chooseContent, maskContent, maskStyle, removeStyle, shareStyle } from './choose.js';
import { busy, content, contentMask, styles } from './state.js';

export function Pictures() {
  return (
    <Card title={t('style.pictures')}>
      <ContentSlot />
      <StyleList />
      {content.value && styles.value.length > 0 && <Masks />}
    </Card>
  );
}

/** One for the content and one for each style, as on the command line. */
function Masks() {
  return (
    <details>
      <summary>{t('style.masks')}</summary>
      <div class="stack">
        <p class="hint">{t('style.masksHint')}</p>
        <PictureSlot
          label={t('style.maskContent')}
          chosen={contentMask.value}
          disabled={busy.value}
          onFile={maskContent}
          onRemove={() => maskContent(undefined)}
        />
        {styles.value.map(({ id, name, mask }) => (
          <PictureSlot
            key={id}
            label={t('style.maskOf', { name })}
            chosen={mask}
            disabled={busy.value}
            onFile={(file) => maskStyle(id, file)}
            onRemove={() => maskStyle(id, undefined)}
          />
        ))}
      </div>
    </details>
  );
}

function ContentSlot() {
  const chosen = content.value;
  const button = (label: string) => (
    <FileButton label={label} accept={ACCEPT} disabled={busy.value} onFiles={chooseContent} />
  );
  return (
    <DropZone name="content" disabled={busy.value} onFiles={chooseContent}>
      {chosen ? (
        <div class="content-picture">
          <img src={chosen.url} alt={`${t('style.content')}: ${chosen.name}`} />
          <div class="row spread">
            <span class="file-name" title={chosen.name}>
              {chosen.name}
            </span>
            {button(t('style.replace'))}
          </div>
        </div>
      ) : (
        <div class="drop">
          <strong>{t('style.content')}</strong>
          <span>{t('style.contentDrop')}</span>
          {button(t('style.choose'))}
        </div>
      )}
    </DropZone>
  );
}

function StyleList() {
  const all = styles.value;
  const button = (
    <FileButton label={t('style.add')} accept={ACCEPT} multiple disabled={busy.value} onFiles={addStyles} />
  );
  return (
    <DropZone name="styles" disabled={busy.value} onFiles={addStyles}>
      {all.length === 0 ? (
        <div class="drop">
          <strong>{t('style.styles')}</strong>
          <span>{t('style.stylesDrop')}</span>
          {button}
        </div>
      ) : (
        <div class="stack">
          <ul class="style-list" aria-label={t('style.styles')}>
            {all.map(({ id, name, url, share }) => (
              <li key={id} class="style-item">
                <img src={url} alt={name} />
                {all.length > 1 ? (
                  <Slider
                    label={name}
                    spoken={t('style.share', { name })}
                    value={share}
                    min={0.1}
                    max={4}
                    step={0.1}
                    shown={`× ${share.toFixed(1)}`}
                    onInput={(value) => shareStyle(id, value)}
                  />
                ) : (
                  <span class="file-name" title={name}>
                    {name}
                  </span>
                )}
                <button
                  type="button"
                  class="quiet icon"
                  aria-label={t('style.remove', { name })}
                  disabled={busy.value}
                  onClick={() => removeStyle(id)}
                >
                  ✕
                </button>
              </li>
            ))}
          </ul>
          <div class="row">{button}</div>
        </div>
      )}
    </DropZone>
  );
}
