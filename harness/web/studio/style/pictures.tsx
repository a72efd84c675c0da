// Content and styles: dropped, pasted or chosen; shares of the styles.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { FileButton, Slider } from '../parts/fields.js';
import { ACCEPT, addStyles, chooseContent, removeStyle, shareStyle } from './choose.js';
import { busy, content, styles } from './state.js';

export function Pictures() {
  return (
    <Card title={t('style.pictures')}>
      <ContentSlot />
      <StyleList />
    </Card>
  );
}

interface ZoneProps {
  readonly name: string;
  readonly children: ComponentChildren;
  onFiles(files: Iterable<File>): void;
}

/** Takes files that are dropped on it. */
function DropZone({ name, children, onFiles }: ZoneProps) {
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
        if (!busy.value) onFiles(event.dataTransfer?.files ?? []);
      }}
    >
      {children}
    </div>
  );
}

function ContentSlot() {
  const chosen = content.value;
  const button = (label: string) => (
    <FileButton label={label} accept={ACCEPT} disabled={busy.value} onFiles={chooseContent} />
  );
  return (
    <DropZone name="content" onFiles={chooseContent}>
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
    <DropZone name="styles" onFiles={addStyles}>
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
