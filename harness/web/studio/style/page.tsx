// The style page.
import { effect } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { gpu, studioWorker, workers } from '../gpu.js';
import { paste } from './choose.js';
import { restore } from './control.js';
import { Curves } from './curves.js';
import { Finish } from './finish.js';
import { Form } from './form.js';
import { findKept } from './keep.js';
import { Kept } from './kept.js';
import { Pictures } from './pictures.js';
import { Stage } from './stage.js';
import { resolved, run, settings, trouble } from './state.js';
import { Troubles } from './troubles.js';
import { currentRun } from './work.js';

export function StylePage() {
  useEffect(begin, []);
  return (
    <>
      <div class="notices">
        <Troubles />
      </div>
      <div class="style-page">
        <div class="stack">
          <Pictures />
          <Form />
        </div>
        <div class="stack">
          <Stage />
          <div class="two">
            <Curves />
            <Finish />
          </div>
          <Kept />
        </div>
      </div>
    </>
  );
}

function begin(): () => void {
  void findKept(currentRun);
  const ends = [effect(resolve), effect(restoreResult), watchVisibility()];
  addEventListener('paste', paste);
  return () => {
    removeEventListener('paste', paste);
    for (const end of ends) end();
  };
}

/** What the settings come to; asked again whenever they change. */
function resolve(): void {
  const { options, net } = settings.value;
  if (gpu.value.kind !== 'ready') return;
  const asked = settings.value;
  void studioWorker()
    .call('resolve', { net, options })
    .catch((error: Error) => ({ error }))
    .then((answer) => {
      if (settings.peek() === asked) resolved.value = answer;
    });
}

/** A result of a worker that was replaced. */
let resultOf = 0;
function restoreResult(): void {
  if (gpu.value.kind !== 'ready' || workers.value === resultOf) return;
  resultOf = workers.value;
  // Not within the effect, which would then follow every signal that a run reads.
  queueMicrotask(() => void restore());
}

/** Tells, when the tab is back, that it worked in the background. */
function watchVisibility(): () => void {
  let worked = false;
  const look = () => {
    const { kind } = run.peek();
    if (document.visibilityState === 'hidden') worked = kind === 'running' || kind === 'preparing';
    else if (worked && !trouble.peek() && run.peek().kind === 'running') trouble.value = { kind: 'hidden' };
  };
  document.addEventListener('visibilitychange', look);
  return () => document.removeEventListener('visibilitychange', look);
}
