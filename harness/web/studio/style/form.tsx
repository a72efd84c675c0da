// The options of a run: those that most people want, and all others behind `Advanced`.
import type { Preset } from '../../../../src/style/options.js';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { Fault } from '../parts/fault.js';
import { NumberField, Segments } from '../parts/fields.js';
import { Notice } from '../parts/notice.js';
import { Advanced } from './advanced.js';
import { Num, OneOf, resolvedValue, setOptions } from './option-fields.js';
import { FIRST_SETTINGS } from './settings.js';
import { busy, resolved, settings } from './state.js';

export function Form() {
  const { options } = settings.value;
  const problem = resolved.value && 'error' in resolved.value ? resolved.value.error : undefined;
  return (
    <Card
      title={t('style.run')}
      aside={
        <button
          type="button"
          class="quiet"
          disabled={busy.value}
          onClick={() => {
            settings.value = { ...settings.value, options: FIRST_SETTINGS.options };
          }}
        >
          {t('style.reset')}
        </button>
      }
    >
      <Segments<Preset>
        label={t('style.preset')}
        value={options.preset}
        options={[
          ['quality', t('style.preset.quality')],
          ['paper', t('style.preset.paper')],
          ['gatys', t('style.preset.gatys')],
        ]}
        disabled={busy.value}
        onChange={(preset) =>
          setOptions({ preset, iterations: preset === 'quality' ? options.iterations : undefined })
        }
      />
      <div class="fields">
        <Num name="size" label="style.size" />
        <NumberField
          label={t('style.steps')}
          value={options.iterations}
          placeholder={resolvedValue('iterations')}
          disabled={busy.value}
          onChange={(iterations) => setOptions({ iterations })}
        />
        <Num name="styleWeight" label="style.strength" live />
        <Num name="contentWeight" label="style.contentWeight" live />
        <Num name="tvWeight" label="style.tvWeight" live />
      </div>
      <OneOf
        name="color"
        label="style.color"
        live
        values={[
          ['style', t('style.color.style')],
          ['keep', t('style.color.keep')],
          ['match-histogram', t('style.color.match-histogram')],
          ['match-moments', t('style.color.match-moments')],
        ]}
      />
      {problem !== undefined && (
        <Notice kind="warning" title={t('trouble.input')}>
          <Fault error={problem} />
        </Notice>
      )}
      <details>
        <summary>{t('style.advanced')}</summary>
        <Advanced />
      </details>
    </Card>
  );
}
