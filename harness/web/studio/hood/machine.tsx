// The adapter as the browser tells of it, and the memory plan of what is chosen on the style page.

import { mib } from '../../../../src/gpu/device.js';
import type { Ready } from '../../worker/ready-job.js';
import { gpu, studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { Fault } from '../parts/fault.js';
import { content, settings } from '../style/state.js';
import { plan } from './state.js';
import { TaskButtons, useTask } from './task.js';

export function Adapter() {
  const state = gpu.value;
  return (
    <Card title={t('hood.adapter')}>
      <p class="hint">{t('hood.adapterHint')}</p>
      {state.kind === 'ready' && <Facts ready={state.ready} />}
      {state.kind === 'starting' && <p>{t('hood.starting')}</p>}
      {state.kind === 'failed' && <Fault error={state.error} />}
    </Card>
  );
}

function Facts({ ready: { adapter, browser, tuning, mixed } }: { readonly ready: Ready }) {
  const { vendor, architecture, device, description } = adapter;
  const precisions = [t('style.precision.f32'), ...(mixed ? [t('style.precision.mixed')] : [])];
  const rows: [string, string][] = [
    [t('hood.vendor'), [vendor, architecture].filter(Boolean).join(' ') || '–'],
    [t('hood.model'), device || '–'],
    [t('hood.driver'), description || '–'],
    [t('hood.browser'), browser],
    [
      t('hood.tuning'),
      t(`hood.tuned.${tuning.source}`, { count: tuning.measured, preset: tuning.preset ?? '–' }),
    ],
    [t('hood.subgroups'), `${adapter.subgroupMinSize} … ${adapter.subgroupMaxSize}`],
    [t('hood.precision'), precisions.join(', ')],
  ];
  return (
    <>
      <table>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <details>
        <summary>{t('hood.limits')}</summary>
        <table>
          <tbody>
            {Object.entries(adapter.limits).map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td class="number">{value.toLocaleString('en')}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
      <details>
        <summary>{t('hood.features')}</summary>
        <p>{adapter.features.join(', ')}</p>
      </details>
    </>
  );
}

export function MemoryPlan() {
  const task = useTask();
  const start = async () => {
    const { options, net } = settings.value;
    const chosen = content.value && { file: content.value.file, name: content.value.name };
    const made = await task.follow(() => studioWorker().start('hoodPlan', { net, options, content: chosen }));
    if (made) plan.value = made;
  };
  const report = plan.value?.report;
  return (
    <Card title={t('hood.plan')}>
      <p class="hint">{t('hood.planHint')}</p>
      <TaskButtons task={task} name="plan" label={t('hood.planShow')} onStart={() => void start()} />
      {report && (
        <>
          <strong>
            {t(report.fits ? 'hood.fits' : 'hood.fitsNot', {
              peak: mib(report.peakBytes),
              limit: mib(report.memoryLimitBytes),
            })}
          </strong>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
          <pre class="scroll" tabIndex={0} lang="en" data-plan>
            {plan.value!.text}
          </pre>
        </>
      )}
    </Card>
  );
}
