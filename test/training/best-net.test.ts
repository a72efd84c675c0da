// Which net of a training is written: a scripted one, without a GPU.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { TrainBar } from '../../harness/cli/train-bar.js';
import { type RunFacts, runSteps, type TrainTask } from '../../harness/cli/train-run.js';
import { CheckpointFolder } from '../../harness/node/training/checkpoint-folder.js';
import { TrainLog } from '../../harness/node/training/train-log.js';
import { decodeTrainingCheckpoint, encodeTrainingCheckpoint } from '../../src/training/checkpoint.js';
import type { Trainer } from '../../src/training/trainer.js';

/** A training whose net is the number of its step, and whose validations say `aucs`. */
function scripted(aucs: readonly number[]): TrainTask {
  let steps = 0;
  const numbers = { learningRate: 1, loss: 1, gradientNorm: 1, updated: true, metrics: {}, alarms: [] };
  const net = { options: {}, net: {}, precision: 'f32', weights: new Map(), state: new Map() } as const;
  const trainer = {
    get steps() {
      return steps;
    },
    report: async () => ({ step: steps, ...numbers }),
    checkpoint: async (run: unknown, score?: number) =>
      encodeTrainingCheckpoint({ ...net, step: steps, run, score }),
  };
  return {
    trainer: trainer as unknown as Trainer,
    step: async () => {
      steps++;
    },
    export: async () => new TextEncoder().encode(String(steps)),
    validate: async () => ({ auc: aucs[steps - 1]!, accuracy: steps / 10, eer: 0.1, pairs: 10 }),
  };
}

it.each<[string, number[], number]>([
  ['the best', [0.6, 0.9, 0.8], 2],
  ['of equals the first', [0.6, 0.9, 0.9, 0.9], 2],
  ['a later one that is better by little', [0.9, 0.9, 0.9 + 1e-12, 0.9], 3],
])('%s', async (_which, aucs, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'facet-best-'));
  try {
    const facts: RunFacts = { kind: 'face', training: {}, data: '', best: undefined, seconds: 0 };
    const checkpoints = new CheckpointFolder(join(folder, 'checkpoints'));
    const out = join(folder, 'net');
    await runSteps({
      task: scripted(aucs),
      log: await TrainLog.open(join(folder, 'log.jsonl'), -1),
      checkpoints,
      bar: new TrainBar(true),
      facts,
      batch: 1,
      steps: aucs.length,
      logEvery: 1,
      validateEvery: 1,
      checkpointEvery: 1,
      timeLimit: undefined,
      validates: true,
      out,
      dtype: 'F32',
      metadata: {},
      signal: new AbortController().signal,
      report: async () => {},
    });
    expect(facts.best?.step).toBe(expected);
    expect(readFileSync(out, 'utf8')).toBe(String(expected));
    // The checkpoint that is kept as the best is of the same step.
    expect(decodeTrainingCheckpoint(readFileSync(checkpoints.best), 'best').step).toBe(expected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
