import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointFolder } from '../../harness/node/training/checkpoint-folder.js';
import { InputError } from '../../src/base/errors.js';
import { writeSafetensors } from '../../src/nets/safetensors.js';
import {
  assertSameTraining,
  decodeTrainingCheckpoint,
  encodeTrainingCheckpoint,
  type TrainingCheckpoint,
} from '../../src/training/index.js';

const values = (...numbers: number[]) => ({ shape: [numbers.length], values: Float32Array.from(numbers) });
const at = (step: number, score?: number): TrainingCheckpoint => ({
  step,
  score,
  options: { schedule: { kind: 'constant', rate: 1 }, seed: 3 },
  net: { a: { shape: [2], role: 'plain', rate: 1 } },
  precision: 'f32',
  choices: { conv: { small: 'direct' } },
  run: { position: [step, 'x'] },
  weights: new Map([['a', values(1, -0)]]),
  state: new Map([['a.m', values(step, 2 ** -149)]]),
});

describe('a checkpoint', () => {
  it('comes back as it was, and gives the same bytes again', () => {
    const bytes = encodeTrainingCheckpoint(at(7, 0.5));
    const back = decodeTrainingCheckpoint(bytes, 'file');
    expect(back).toEqual(at(7, 0.5));
    expect(Object.is(back.weights.get('a')!.values[1], -0)).toBe(true);
    expect(encodeTrainingCheckpoint(back)).toEqual(bytes);
  });

  it.each<[string, () => Uint8Array, string]>([
    ['no safetensors file', () => new Uint8Array(20), 'no readable checkpoint'],
    ['weights', () => writeSafetensors({ a: values(1) }), 'no checkpoint of a training (format missing)'],
    [
      'facts that are no JSON',
      () => writeSafetensors({}, { format: 'facet-training-checkpoint-1', facts: '{' }),
      'no readable checkpoint',
    ],
    [
      'facts without a step',
      () => writeSafetensors({}, { format: 'facet-training-checkpoint-1', facts: '{}' }),
      'step',
    ],
    [
      'a weight left out',
      () => encodeTrainingCheckpoint({ ...at(1), weights: new Map() }),
      'a is missing or not [2]',
    ],
    ['cut short', () => encodeTrainingCheckpoint(at(1)).subarray(0, -4), 'no readable checkpoint'],
  ])('is none: %s', (_what, bytes, message) => {
    expect(() => decodeTrainingCheckpoint(bytes(), 'file')).toThrow(InputError);
    expect(() => decodeTrainingCheckpoint(bytes(), 'file')).toThrow(message);
  });

  it('belongs to one net, one set of options, one precision', () => {
    const same = { ...at(1), options: { seed: 3, schedule: { rate: 1, kind: 'constant' } } };
    assertSameTraining(at(1), same);
    const net: TrainingCheckpoint['net'] = { a: { shape: [2], role: 'frozen', rate: 1 } };
    expect(() => assertSameTraining(at(1), { ...at(1), net })).toThrow('another net: weight a is');
    expect(() => assertSameTraining(at(1), { ...at(1), net: {} })).toThrow('here missing');
    expect(() => assertSameTraining(at(1), { ...at(1), options: { ...at(1).options, seed: 4 } })).toThrow(
      'seed is 3 in it, here 4',
    );
    expect(() => assertSameTraining(at(1), { ...at(1), precision: 'mixed' })).toThrow('precision f32');
  });
});

describe('a folder of checkpoints', () => {
  let root: string;
  let folder: CheckpointFolder;
  const names = () => readdirSync(folder.folder).sort();
  const save = (step: number, score?: number) => folder.save(encodeTrainingCheckpoint(at(step, score)));

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'facet-checkpoints-'));
    folder = new CheckpointFolder(join(root, 'run'), 2);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('begins empty', async () => expect(await folder.latest()).toBeUndefined());

  it('keeps the last ones and the best', async () => {
    await save(5, 0.7);
    await save(10, 0.9);
    await save(15, 0.9);
    await save(1_000_000_000, 0.8);
    expect(names()).toEqual([
      'best.safetensors',
      'step-000000015.safetensors',
      'step-1000000000.safetensors',
    ]);
    expect((await folder.latest())!.checkpoint.step).toBe(1_000_000_000);
    // Of equals the first.
    expect(decodeTrainingCheckpoint(readFileSync(folder.best), 'best').step).toBe(10);
  });

  it('forgets later steps when it is told to, and not before', async () => {
    for (const step of [5, 10, 15]) await save(step);
    await save(8);
    expect((await folder.latest())!.checkpoint.step).toBe(15);
    await folder.forgetAfter(8);
    expect(names()).toEqual(['step-000000008.safetensors']);
  });

  it('forgets a best one that is later or cannot be read, with the rest', async () => {
    await save(5, 0.9);
    await folder.forgetAfter(5);
    expect(names()).toEqual(['best.safetensors', 'step-000000005.safetensors']);
    await folder.forgetAfter(0);
    expect(names()).toEqual([]);
    await save(6, 0.1);
    truncateSync(folder.best, 3);
    await folder.forgetAfter(6);
    expect(names()).toEqual(['step-000000006.safetensors']);
  });

  it('passes over what a crash of the disk left, and says so', async () => {
    await save(5);
    truncateSync(await save(10), 100);
    const found = (await folder.latest())!;
    expect(found.checkpoint.step).toBe(5);
    expect(found.passedOver).toHaveLength(1);
    expect(found.passedOver[0]).toMatch(/step-000000010.*no readable checkpoint/);
    truncateSync(found.path, 3);
    await expect(folder.latest()).rejects.toThrow('no checkpoint can be read');
  });

  it('replaces a best one that cannot be read, and refuses what is none', async () => {
    await save(5, 0.9);
    truncateSync(folder.best, 3);
    await save(6, 0.1);
    expect(decodeTrainingCheckpoint(readFileSync(folder.best), 'best').step).toBe(6);
    await expect(folder.save(new Uint8Array(9))).rejects.toThrow(InputError);
    expect(() => new CheckpointFolder('x', 0)).toThrow(InputError);
  });

  it('says why a folder cannot be made', async () => {
    writeFileSync(join(root, 'file'), '');
    const blocked = new CheckpointFolder(join(root, 'file', 'run'));
    await expect(blocked.save(encodeTrainingCheckpoint(at(1)))).rejects.toThrow(InputError);
  });
});
