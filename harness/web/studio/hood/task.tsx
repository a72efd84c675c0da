// A measurement that takes its time: begun, followed, stopped, and what went wrong.
import { useState } from 'preact/hooks';
import type { RunningJob } from '../../worker/client.js';
import { t } from '../i18n.js';
import { Fault } from '../parts/fault.js';
import { useKeptFocus } from '../parts/focus.js';
import type { MeasureEvent } from './measure-jobs.js';

interface State {
  readonly text: string;
  readonly share?: number;
}

/** A job under way, or none, and its buttons. */
export function useTask() {
  const [state, setState] = useState<State>();
  const [error, setError] = useState<Error>();
  const [job, setJob] = useState<{ cancel(): void }>();
  /** Runs a job to its end; undefined where it failed, which is shown. */
  async function follow<T>(start: (onEvent: (event: MeasureEvent) => void) => RunningJob<never, T>) {
    setError(undefined);
    setState({ text: t('hood.working') });
    try {
      const running = start((event) =>
        setState(
          event.type === 'next'
            ? { text: event.name }
            : { text: t('hood.progress', event), share: event.done / event.total },
        ),
      );
      setJob(running);
      return await running.result;
    } catch (failure) {
      setError(failure as Error);
      return undefined;
    } finally {
      setState(undefined);
      setJob(undefined);
    }
  }
  return { follow, running: state !== undefined, state, error, cancel: () => job?.cancel() };
}

interface TaskProps {
  readonly task: ReturnType<typeof useTask>;
  readonly label: string;
  readonly name: string;
  onStart(): void;
}

export function TaskButtons({ task: { running, state, error, cancel }, label, name, onStart }: TaskProps) {
  const place = useKeptFocus<HTMLDivElement>();
  return (
    <>
      <div ref={place} class="row" data-task={name} data-running={running ? '' : undefined}>
        <button type="button" class="primary" disabled={running} onClick={onStart}>
          {label}
        </button>
        {running && (
          <button type="button" onClick={cancel}>
            {t('hood.stop')}
          </button>
        )}
      </div>
      {state && (
        <div class="stack tight">
          <span class="hint" role="status">
            {state.text}
          </span>
          <progress aria-label={state.text} value={state.share} max={1} />
        </div>
      )}
      {error !== undefined && (
        <div class="bad" role="alert">
          <Fault error={error} />
        </div>
      )}
    </>
  );
}
