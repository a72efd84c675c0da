// Ctrl-C: the first ends a run after its step, the second at once.
import type { StepBar } from './step-bar.js';

/** Exit code of a run that was stopped, as shells give it for SIGINT. */
export const INTERRUPTED = 130;

/** Calls `work` with a signal that SIGINT or SIGTERM aborts, after `notice` was shown in place of the bar. */
export async function interruptible<T>(
  bar: Pick<StepBar, 'end' | 'stop'>,
  notice: string,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const onSignal = () => {
    if (abort.signal.aborted) {
      // The first one has closed the bar, and with it shown the cursor again; the prompt wants a line of its own.
      if (process.stderr.isTTY) process.stderr.write('\n');
      process.exit(INTERRUPTED);
    }
    abort.abort();
    bar.end(notice);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  try {
    return await work(abort.signal);
  } finally {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
    bar.stop();
  }
}
