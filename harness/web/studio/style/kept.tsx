// Runs of earlier visits.
import { language, t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { openRun } from './control.js';
import { forget } from './keep.js';
import { Thumb } from './stage.js';
import { busy, kept } from './state.js';

export function Kept() {
  const all = kept.value;
  const when = new Intl.DateTimeFormat(language.value, { dateStyle: 'medium', timeStyle: 'short' });
  return (
    <Card title={t('style.kept')}>
      {all.length === 0 && <p class="hint">{t('style.keptNone')}</p>}
      <ul class="style-list">
        {all.map((run) => (
          <li key={run.id} class="style-item">
            <Thumb blob={run.thumb} />
            <div>
              <div class="file-name">{run.content.name}</div>
              <div class="hint">
                {t('style.keptState', {
                  step: run.step,
                  total: run.total,
                  when: when.format(run.updated),
                })}
              </div>
            </div>
            <div class="row">
              <button type="button" disabled={busy.value} onClick={() => void openRun(run)}>
                {t('style.keptOpen')}
              </button>
              <button
                type="button"
                class="quiet icon"
                aria-label={`${t('style.keptRemove')}: ${run.content.name}`}
                disabled={busy.value}
                onClick={() => void forget(run.id)}
              >
                ✕
              </button>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}
