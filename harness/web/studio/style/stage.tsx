// The picture as it is made, beside its content, with the buttons of the run.
import { useEffect, useRef, useState } from 'preact/hooks';
import { gpu } from '../gpu.js';
import { type TextKey, t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { useKeptFocus } from '../parts/focus.js';
import { apply, backTo, goOn, hasChanges, larger, pause, start, stop, takeUp } from './control.js';
import * as state from './state.js';

export function Stage() {
  return (
    <Card title={t('style.result')} aside={<RunButtons />}>
      <div class="stage">{state.picture.value ? <Compare /> : <Empty />}</div>
      <Status />
      <Checkpoints />
    </Card>
  );
}

function Empty() {
  const chosen = state.content.value;
  if (!chosen) return <p class="stage-empty">{t('style.empty')}</p>;
  return <img class="stage-content" src={chosen.url} alt={`${t('style.content')}: ${chosen.name}`} />;
}

/** The content lies over the picture, as far as the slider says. */
function Compare() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [at, setAt] = useState(0);
  const shown = state.picture.value!;
  const { width, height, pixels } = shown;
  useEffect(() => {
    const place = canvas.current;
    if (!place) return;
    place.width = width;
    place.height = height;
    place.getContext('2d')?.putImageData(new ImageData(pixels, width, height), 0, 0);
  }, [shown]);
  return (
    <div class="compare" style={{ '--at': `${at}%`, '--ratio': String(width / height) }}>
      <canvas ref={canvas} role="img" aria-label={t('style.result')} />
      {state.content.value && <img class="before" src={state.content.value.url} alt="" />}
      <input
        type="range"
        min={0}
        max={100}
        value={at}
        aria-label={t('style.compare')}
        onInput={(event) => setAt(event.currentTarget.valueAsNumber)}
      />
      <div class="divider" />
    </div>
  );
}

/** What the first button does: it stays where it is from the start to the end, so that the focus stays on it. */
function mainAction(): { readonly label: TextKey; readonly act?: () => void; readonly quiet?: boolean } {
  const run = state.run.value;
  switch (run.kind) {
    case 'preparing':
    case 'stopping':
      return { label: 'style.pause', quiet: true };
    case 'running':
      return { label: 'style.pause', act: pause, quiet: true };
    case 'paused':
      return { label: 'style.continue', act: goOn };
    case 'idle':
      return { label: 'style.start', ...(canBegin() ? { act: () => void start() } : {}) };
    case 'ended': {
      const goOnWith = state.result.value && hasChanges() ? apply : takeUp;
      return run.finished
        ? { label: 'style.again', ...(canBegin() ? { act: () => void start() } : {}) }
        : { label: 'style.continue', act: () => void goOnWith() };
    }
  }
}

function canBegin(): boolean {
  return gpu.value.kind === 'ready' && state.canStart.value;
}

function RunButtons() {
  const place = useKeptFocus<HTMLDivElement>();
  const run = state.run.value;
  const step = state.progress.value;
  const { label, act, quiet = false } = mainAction();
  const size = state.result.value && Math.round(Math.max(step?.width ?? 0, step?.height ?? 0) * Math.SQRT2);
  const active = run.kind === 'running' || run.kind === 'paused';
  return (
    <div class="row run-buttons" ref={place}>
      <button
        key="main"
        type="button"
        class={quiet ? '' : 'primary'}
        disabled={run.kind === 'idle' && !act}
        aria-disabled={!act}
        onClick={act}
      >
        {t(label)}
      </button>
      {active && hasChanges() && (
        <button
          key="apply"
          type="button"
          class="primary"
          title={t('style.applyHint')}
          onClick={() => void apply()}
        >
          {t('style.apply')}
        </button>
      )}
      {run.kind === 'ended' && step?.last && size !== undefined && (
        <button key="larger" type="button" onClick={() => void larger()}>
          {t('style.larger', { size })}
        </button>
      )}
      {run.kind === 'ended' && !run.finished && (
        <button key="again" type="button" disabled={!canBegin()} onClick={() => void start()}>
          {t('style.again')}
        </button>
      )}
      {state.busy.value && (
        <button key="stop" type="button" disabled={run.kind === 'stopping'} onClick={stop}>
          {t('style.stop')}
        </button>
      )}
    </div>
  );
}

function Status() {
  const run = state.run.value;
  const step = state.progress.value;
  if (run.kind === 'idle') return null;
  return (
    <div class="stack status" data-run={run.kind}>
      <progress
        aria-label={t('style.run')}
        {...(run.kind === 'preparing' || !step ? {} : { max: step.total, value: step.step })}
      />
      <div class="status-line">
        <span>{statusText()}</span>
        <span>
          {run.kind === 'running' && step?.left !== undefined
            ? t('style.left', { time: duration(step.left) })
            : ''}
        </span>
      </div>
      {/* Every tenth of the way is said aloud, not every step. */}
      <span class="visually-hidden" role="status">
        {run.kind === 'running' && step
          ? `${Math.floor((10 * step.step) / step.total) * 10} %`
          : statusText()}
      </span>
    </div>
  );
}

function statusText(): string {
  const run = state.run.value;
  const step = state.progress.value;
  if (run.kind === 'preparing') {
    if (run.compiled) return t('style.compiling', run.compiled);
    return run.stage ? t(`style.stage.${run.stage.kind}`, { ...run.stage }) : t('style.preparing');
  }
  if (!step) return '';
  const { width, height, total } = step;
  if (run.kind === 'paused') return t('style.paused', { step: step.step });
  if (run.kind === 'ended') {
    return run.finished
      ? `${t('style.done', { total })} ${width} × ${height}`
      : t('style.stopped', { step: step.step, total });
  }
  return t('style.progress', { step: step.step, total, width, height });
}

function duration(seconds: number): string {
  return seconds < 90
    ? t('style.seconds', { n: Math.max(1, Math.round(seconds)) })
    : t('style.minutes', { n: Math.round(seconds / 60) });
}

function Checkpoints() {
  const all = state.checkpoints.value;
  if (all.length === 0) return null;
  return (
    <div class="stack tight">
      <h3 class="hint">
        {t('style.history.title')} · {t('style.history.hint')}
      </h3>
      <ul class="history">
        {all.map(({ step, thumb }) => (
          <li key={step}>
            <button
              type="button"
              aria-label={t('style.history.back', { step })}
              disabled={state.run.value.kind === 'preparing' || state.run.value.kind === 'stopping'}
              onClick={() => void backTo(step)}
            >
              <Thumb blob={thumb} />
              {step}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A small picture of a blob; its address is given back with it. */
export function Thumb({ blob }: { blob: Blob | undefined }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!blob) return undefined;
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url === undefined ? <span class="thumb" /> : <img class="thumb" src={url} alt="" />;
}
