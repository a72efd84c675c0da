import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  finite,
  type StepLine,
  TrainLog,
  type ValidationLine,
} from '../../harness/node/training/train-log.js';
import { InputError } from '../../src/base/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'facet-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A step, with this for every number that can become NaN. */
const lineOf = (step: number, value: number): StepLine => ({
  kind: 'step',
  step,
  loss: finite(value),
  learningRate: 0.1,
  gradientNorm: finite(value),
  parts: { triplet: finite(value) },
  triplets: { active: 0, mined: 4, spread: finite(value) },
  picturesPerSecond: finite(value),
  seconds: step,
  alarms: [],
});
const validation: ValidationLine = {
  kind: 'validation',
  step: 2,
  pairs: 8,
  accuracy: 0.5,
  auc: 0.6,
  eer: 0.4,
};

describe('TrainLog', () => {
  it('is read again by a resumed training, steps with NaN too, and drops what comes later', async () => {
    const path = join(folder, 'log.jsonl');
    const log = await TrainLog.open(path, -1);
    for (const line of [lineOf(1, 0.5), lineOf(2, Number.NaN), validation, lineOf(3, 0.4)])
      await log.add(line);
    const again = await TrainLog.open(path, 2);
    expect(again.lines).toEqual([lineOf(1, 0.5), lineOf(2, Number.NaN), validation]);
    expect(again.lines).toEqual((await TrainLog.open(path, 3)).lines);
  });

  it('says where a line cannot be written', async () => {
    const path = join(folder, 'gone', 'log.jsonl');
    await expect(TrainLog.open(path, 0)).rejects.toThrow(InputError);
    const log = await TrainLog.open(join(folder, 'short.jsonl'), 0);
    rmSync(folder, { recursive: true });
    await expect(log.add(lineOf(1, 1))).rejects.toThrow(/short.jsonl: could not be written: does not exist/);
  });
});
