// The steps of a training: reports, validations, checkpoints, until the last step, the time limit or Ctrl-C.
import { tripletFacts } from '../../src/training/losses.js';
import type { Trainer } from '../../src/training/trainer.js';
import type { StepReport } from '../../src/training/types.js';
import { writeAtomically } from '../node/overwrite.js';
import type { CheckpointFolder } from '../node/training/checkpoint-folder.js';
import { finite, type StepLine, type TrainLog, type ValidationLine } from '../node/training/train-log.js';
import type { Validation } from '../node/training/validate.js';
import type { TrainBar } from './train-bar.js';

/** What is trained. */
export interface TrainTask {
  readonly trainer: Trainer;
  /** Takes the next step. */
  step(): Promise<void>;
  /** The net as it is now, as a weights file. */
  export(dtype: 'F16' | 'F32', metadata: Record<string, string>): Promise<Uint8Array>;
  /** Measures what was held out; none: nothing is validated, and the net of the last step is the best. */
  validate?(): Promise<Validation>;
}

/** What a run is made of. */
export interface TrainRun {
  readonly task: TrainTask;
  readonly log: TrainLog;
  readonly checkpoints: CheckpointFolder;
  readonly bar: TrainBar;
  /** Kept in checkpoints. */
  readonly facts: RunFacts;
  readonly batch: number;
  readonly steps: number;
  readonly logEvery: number;
  readonly validateEvery: number;
  readonly checkpointEvery: number;
  /** In seconds of this process; undefined: none. */
  readonly timeLimit: number | undefined;
  readonly validates: boolean;
  /** Before the first step too. */
  readonly validatesFirst?: boolean;
  readonly out: string;
  readonly dtype: 'F16' | 'F32';
  /** Of the weights' file. */
  readonly metadata: Record<string, string>;
  /** Writes the net where the time limit ends the run too, if nothing is validated. */
  readonly exportsEarly?: boolean;
  /** Called when weights were written. */
  written?(bytes: Uint8Array): Promise<void>;
  readonly signal: AbortSignal;
  /** Writes the report. */
  report(): Promise<void>;
}

/** JSON beside the weights of a checkpoint. */
export interface RunFacts {
  readonly kind: 'face' | 'slim';
  /** What it was told to do, its steps resolved. */
  readonly training: unknown;
  /** Digest of the pictures that are trained on, of their names and contents in their order. */
  readonly data: string;
  /** The best validation so far. */
  best: { readonly step: number; readonly auc: number; readonly accuracy: number } | undefined;
  /** Seconds of all processes so far. */
  seconds: number;
}

export interface RunEnd {
  readonly step: number;
  readonly why: 'done' | 'interrupted' | 'time limit';
  readonly last: StepLine | undefined;
}

/** Runs to the end; the last step is reported, validated and kept, and the weights are written. */
export async function runSteps(run: TrainRun): Promise<RunEnd> {
  const { task, log, facts } = run;
  const begun = performance.now();
  const before = facts.seconds;
  const clock = new Throughput(run.batch);
  const told = new Set<string>();
  let last: StepLine | undefined;
  let saved = task.trainer.steps;
  let validated = validatedAt(log);
  const now = () => before + (performance.now() - begun) / 1000;
  const save = async (score?: number) => {
    facts.seconds = now();
    await run.checkpoints.save(await task.trainer.checkpoint(facts, score));
    saved = task.trainer.steps;
  };
  if (run.validates && run.validatesFirst && task.trainer.steps === 0)
    await validate(run, await task.validate!());
  let why: RunEnd['why'] = 'done';
  while (task.trainer.steps < run.steps) {
    if (run.signal.aborted) why = 'interrupted';
    else if (run.timeLimit !== undefined && now() - before >= run.timeLimit) why = 'time limit';
    if (why !== 'done') break;
    await clock.time(() => task.step(), 1);
    const { steps } = task.trainer;
    if (steps % run.logEvery === 0 || steps === run.steps) {
      const report = await clock.time(() => task.trainer.report(), 0);
      last = lineOf(report, clock.rate(), now());
      await log.add(last);
      run.bar.step(last, run.batch, run.steps, leftOf(run, now() - before));
      // The log has all of them; a person is told each kind once.
      for (const { kind, message, advice } of report.alarms) {
        if (!told.has(kind)) run.bar.note(`step ${steps}: ${message}; ${advice}`);
        told.add(kind);
      }
    }
    const due = steps % run.validateEvery === 0 || steps === run.steps;
    if (run.validates && due && validated !== steps) {
      const score = await validate(run, await task.validate!());
      validated = steps;
      await save(score);
      await run.report();
    } else if (steps % run.checkpointEvery === 0) {
      await save();
    }
  }
  if (saved !== task.trainer.steps) await save();
  // Without validation there is no best: what is there is the net.
  const exports = why === 'done' || (run.exportsEarly === true && why === 'time limit');
  if (exports && facts.best === undefined) await writeWeights(run);
  await run.report();
  return { step: task.trainer.steps, why, last };
}

/** Logs the comparison of the people who are held out; the weights are written where it is the best so far. */
async function validate(run: TrainRun, result: Validation): Promise<number> {
  const { steps } = run.task.trainer;
  const line: ValidationLine = { kind: 'validation', step: steps, ...result };
  await run.log.add(line);
  const isBest = run.facts.best === undefined || result.auc > run.facts.best.auc;
  if (isBest) {
    run.facts.best = { step: steps, auc: result.auc, accuracy: result.accuracy };
    await writeWeights(run);
  }
  run.bar.validation(line, isBest);
  return result.auc;
}

async function writeWeights(run: TrainRun): Promise<void> {
  const { best } = run.facts;
  const validation: Record<string, string> = best
    ? { heldOutAccuracy: best.accuracy.toFixed(4), heldOutAuc: best.auc.toFixed(4) }
    : {};
  const metadata = { ...run.metadata, step: String(run.task.trainer.steps), ...validation };
  const bytes = await run.task.export(run.dtype, metadata);
  await writeAtomically(run.out, bytes, { force: true });
  await run.written?.(bytes);
}

function lineOf(report: StepReport, rate: number, seconds: number): StepLine {
  const { triplets, ...parts } = report.metrics;
  const facts = triplets && tripletFacts(triplets);
  return {
    kind: 'step',
    step: report.step,
    loss: finite(report.loss),
    learningRate: report.learningRate,
    gradientNorm: finite(report.gradientNorm),
    parts: Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, finite(value[0]!)])),
    ...(facts
      ? { triplets: { active: facts.active, mined: facts.mined, spread: finite(facts.spread) } }
      : {}),
    picturesPerSecond: finite(Number(rate.toPrecision(4))),
    seconds: Number(seconds.toFixed(2)),
    alarms: report.alarms.map(({ message, advice }) => `${message}; ${advice}`),
  };
}

function validatedAt({ lines }: TrainLog): number {
  return lines.findLast(({ kind }) => kind === 'validation')?.step ?? -1;
}

function leftOf({ timeLimit }: TrainRun, spent: number): number | undefined {
  return timeLimit === undefined ? undefined : Math.max(0, timeLimit - spent);
}

/** Pictures a second since the last time that it was asked, in steps and reports alone. */
class Throughput {
  private seconds = 0;
  private steps = 0;
  /** The first step of a process waits for kernels to be compiled. */
  private warm = false;

  constructor(private readonly batch: number) {}

  async time<T>(work: () => Promise<T>, steps: number): Promise<T> {
    const from = performance.now();
    const result = await work();
    this.seconds += (performance.now() - from) / 1000;
    this.steps += steps;
    return result;
  }

  /** NaN where the first step is among them. */
  rate(): number {
    const rate = this.warm ? (this.steps * this.batch) / this.seconds : Number.NaN;
    this.warm = true;
    this.seconds = 0;
    this.steps = 0;
    return rate;
  }
}
