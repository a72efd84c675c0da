// Everything that was measured as text, to send when something is wrong.
import { useState } from 'preact/hooks';
import { alignRows } from '../../../bench/table.js';
import { FACET_VERSION } from '../../version.js';
import { gpu } from '../gpu.js';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { bench, checked, plan, tuned } from './state.js';

/** In English, whatever the page speaks: it is for those who mend. */
export function reportText(): string {
  const state = gpu.value;
  const parts = [[`facet ${FACET_VERSION}`, navigator.userAgent]];
  if (state.kind === 'ready') {
    const { adapter, browser, tuning } = state.ready;
    const { limits, features, ...facts } = adapter;
    parts.push([
      `browser ${browser}`,
      ...Object.entries(facts).map(([name, value]) => `${name}: ${value}`),
      `tuning: ${JSON.stringify(tuning)}`,
      `features: ${features.join(' ')}`,
      ...Object.entries(limits).map(([name, value]) => `${name}: ${value}`),
    ]);
  } else if (state.kind === 'failed') parts.push([`no GPU: ${state.error.message}`]);
  if (plan.value) {
    const { text, report } = plan.value;
    // A file's name is the user's own business.
    parts.push([text.replace(report.content, 'a picture')]);
  }
  if (checked.value) {
    const { what, result } = checked.value;
    parts.push([
      `check (${what}): ${result.passed} passed, ${result.failed.length} failed, ${result.done} of ${result.total} cases`,
      `largest error / tolerance: ${result.worst.worst.toFixed(3)} (${result.worst.name})`,
      ...result.failed.map(({ report }) => report),
    ]);
  }
  if (bench.value) parts.push([...bench.value.head, '', ...alignRows(bench.value.rows)]);
  if (tuned.value) parts.push([...tuned.value.notes, tuned.value.report]);
  return parts.map((lines) => lines.join('\n')).join('\n\n');
}

export function Report() {
  const [told, setTold] = useState('');
  const text = reportText();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setTold(t('hood.copied'));
    } catch {
      // A browser may refuse without a reason; the text is there to be selected.
      setTold(t('hood.copyFailed'));
    }
  };
  return (
    <Card title={t('hood.report')}>
      <p class="hint">{t('hood.reportHint')}</p>
      <div class="row">
        <button type="button" class="primary" onClick={() => void copy()}>
          {t('hood.copy')}
        </button>
        <span class="hint" role="status">
          {told}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
      <pre class="scroll" tabIndex={0} lang="en" data-report>
        {text}
      </pre>
    </Card>
  );
}
