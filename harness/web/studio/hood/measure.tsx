// Benchmarks, checks and tuning, as the command line has them.
import { useState } from 'preact/hooks';
import type { Precision } from '../../../../src/gpu/kernel.js';
import { gpu, startGpu, studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { NumberField, Segments } from '../parts/fields.js';
import { TextField } from '../parts/text-field.js';
import { settings } from '../style/state.js';
import { bench, checked, tuned } from './state.js';
import { TaskButtons, useTask } from './task.js';

const ROUNDS = 7;
const words = (text: string) => text.split(/\s+/).filter(Boolean);

interface PrecisionProps {
  readonly value: Precision;
  onChange(value: Precision): void;
}

/** Offered where the adapter has f16. */
function PrecisionChoice({ value, onChange }: PrecisionProps) {
  const state = gpu.value;
  if (state.kind !== 'ready' || !state.ready.mixed) return null;
  return (
    <Segments<Precision>
      label={t('hood.precision')}
      value={value}
      options={[
        ['f32', 'f32'],
        ['mixed', 'mixed'],
      ]}
      onChange={onChange}
    />
  );
}

export function Bench() {
  const task = useTask();
  const [filter, setFilter] = useState('conv2d:forward gram:forward');
  const [repetitions, setRepetitions] = useState(ROUNDS);
  const [precision, setPrecision] = useState<Precision>('f32');
  const start = async () => {
    const params = { filters: words(filter), repetitions, precision };
    const table = await task.follow((onEvent) => studioWorker().start('hoodBench', params, onEvent));
    if (table) bench.value = table;
  };
  const table = bench.value;
  return (
    <Card title={t('hood.bench')}>
      <p class="hint">{t('hood.benchHint')}</p>
      <div class="fields">
        <TextField label={t('hood.filter')} hint={t('hood.filterHint')} value={filter} onInput={setFilter} />
        <NumberField
          label={t('hood.repetitions')}
          value={repetitions}
          min={5}
          max={100}
          step={1}
          onChange={(value) => setRepetitions(value ?? ROUNDS)}
        />
        <PrecisionChoice value={precision} onChange={setPrecision} />
      </div>
      <TaskButtons task={task} name="bench" label={t('hood.run')} onStart={() => void start()} />
      {table && (
        <>
          <pre lang="en">{table.head.join('\n')}</pre>
          <Rows label={t('hood.bench')} head={table.rows[0]!} rows={table.rows.slice(1)} />
        </>
      )}
    </Card>
  );
}

interface RowsProps {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A table that scrolls by itself. */
function Rows({ label, head, rows }: RowsProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
    <section class="scroll" aria-label={label} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells) => (
            <tr key={cells[0]}>
              {cells.map((cell, i) => (
                <td key={head[i]} class={i === 0 ? 'code' : 'number'}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

type What = 'gradients' | 'kernels';

export function Checks() {
  const task = useTask();
  const [what, setWhat] = useState<What>('gradients');
  const [filter, setFilter] = useState('');
  const [precision, setPrecision] = useState<Precision>('f32');
  const start = async () => {
    const params = { filters: words(filter), gradients: what === 'gradients', precision };
    const result = await task.follow((onEvent) => studioWorker().start('hoodCheck', params, onEvent));
    if (result) checked.value = { what, result };
  };
  const result = checked.value?.result;
  return (
    <Card title={t('hood.check')}>
      <p class="hint">{t('hood.checkHint')}</p>
      <div class="fields">
        <Segments<What>
          label={t('hood.check.what')}
          value={what}
          options={[
            ['gradients', t('hood.check.gradients')],
            ['kernels', t('hood.check.kernels')],
          ]}
          onChange={setWhat}
        />
        <TextField label={t('hood.filter')} value={filter} onInput={setFilter} />
        {what === 'kernels' && <PrecisionChoice value={precision} onChange={setPrecision} />}
      </div>
      <TaskButtons task={task} name="check" label={t('hood.run')} onStart={() => void start()} />
      {result && (
        <>
          <strong class={result.failed.length > 0 ? 'bad' : 'good'} data-failed={result.failed.length}>
            {t('hood.checkPassed', {
              passed: result.passed,
              failed: result.failed.length,
              done: result.done,
              total: result.total,
            })}
          </strong>
          <span class="hint">
            {t('hood.worst', { worst: result.worst.worst.toFixed(3), name: result.worst.name })}
          </span>
          {result.failed.map(({ name, report }) => (
            <pre key={name} class="bad" lang="en">
              {report}
            </pre>
          ))}
          <Rows
            label={t('hood.check')}
            head={[t('hood.op'), t('hood.compared'), t('hood.failures'), t('hood.error')]}
            rows={result.rows.map(([op, count, failed, worst]) => [
              op,
              String(count),
              String(failed),
              worst.toFixed(3),
            ])}
          />
        </>
      )}
    </Card>
  );
}

export function Tuner() {
  const task = useTask();
  const [sizes, setSizes] = useState('256');
  const [again, setAgain] = useState(false);
  const [precision, setPrecision] = useState<Precision>('f32');
  const start = async () => {
    const params = {
      nets: [settings.value.net],
      sizes: words(sizes).map(Number),
      repetitions: ROUNDS,
      precision,
      again,
    };
    const result = await task.follow((onEvent) => studioWorker().start('hoodTune', params, onEvent));
    if (result) tuned.value = result;
  };
  const result = tuned.value;
  return (
    <Card title={t('hood.tune')}>
      <p class="hint">{t('hood.tuneHint')}</p>
      <div class="fields">
        <TextField label={t('hood.sizes')} hint={t('hood.sizesHint')} value={sizes} onInput={setSizes} />
        <PrecisionChoice value={precision} onChange={setPrecision} />
      </div>
      <label class="check">
        <input type="checkbox" checked={again} onChange={(event) => setAgain(event.currentTarget.checked)} />
        {t('hood.again')}
      </label>
      <TaskButtons task={task} name="tune" label={t('hood.run')} onStart={() => void start()} />
      {result && (
        <>
          <div class="row" role="status">
            <strong data-measured={result.measured}>
              {t('hood.tuned', { measured: result.measured, left: result.left })}
            </strong>
            {result.measured > 0 && (
              <button type="button" onClick={() => void startGpu({ anew: true })}>
                {t('hood.restart')}
              </button>
            )}
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard */}
          <pre class="scroll" tabIndex={0} lang="en">
            {[...result.notes, result.report].join('\n')}
          </pre>
        </>
      )}
    </Card>
  );
}
