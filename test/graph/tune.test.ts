import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { InputError, KernelError } from '../../src/base/errors.js';
import { tensor } from '../../src/base/tensor.js';
import { choose } from '../../src/gpu/choices.js';
import { Device } from '../../src/gpu/device.js';
import { PLAIN_TARGET, type Target } from '../../src/gpu/kernel.js';
import { saveEntries } from '../../src/gpu/tuning-store.js';
import { emptyTable, type TuningEntry } from '../../src/gpu/tuning-table.js';
import { Program } from '../../src/graph/program.js';
import { Tape } from '../../src/graph/tape.js';
import { type TuneItem, tunablesOf } from '../../src/graph/tunables.js';
import { tunable, tune } from '../../src/graph/tune.js';
import { distinctCandidates, prepareItem } from '../../src/graph/tune-item.js';
import { conv2d } from '../../src/kernels/conv2d.js';
import { covariance } from '../../src/kernels/covariance.js';
import type { OpSpec } from '../../src/kernels/op.js';
import { relu } from '../../src/kernels/relu.js';
import { w2Covariance } from '../../src/kernels/wasserstein.js';
import type { KeyValueStore, Platform } from '../../src/platform/platform.js';
import { useDevice } from '../kernels/shared.js';
import { dot } from './dot.js';

const CONV = { stride: 1, pad: 1 };
const cpu: Target = { ...PLAIN_TARGET, subgroupSize: 8, cpu: true };

/** conv 4 -> 40 -> 40 -> 8 channels at 12x12 with a rectifier between, and the gradient to the picture. */
function recordedOn(target: Target): Tape {
  const tape = new Tape(target);
  const x = tensor('x', [1, 4, 12, 12], { lifetime: 'pinned' });
  const filter = (name: string, k: number, c: number) =>
    tensor(name, [k, c, 3, 3], { layout: 'filter', constant: true });
  const y1 = tape.record(conv2d, 'c1', { x, weight: filter('w1', 40, 4) }, CONV);
  const y2 = tape.record(conv2d, 'c2', { x: y1, weight: filter('w2', 40, 40) }, { ...CONV, relu: true });
  const y3 = tape.record(conv2d, 'c3', { x: y2, weight: filter('w3', 40, 40) }, CONV);
  const y4 = tape.record(relu, 'r', { x: y3 }, {});
  const loss = tape.record(dot, 'loss', { x: y4, w: tensor('w', y4.shape, { constant: true }) }, {});
  tape.backward(loss, [y1]);
  return tape;
}

describe('what of a tape can be tuned', () => {
  const items = tunablesOf(recordedOn(cpu));

  it('is listed once for each bucket, with all that it takes to compute it alone', () => {
    expect(items.map(({ tunable: t, where, direction }) => [t.bucket, where, direction])).toEqual([
      ['3x3s1 c4 k64 px256', 'c1', 'forward'],
      ['3x3s1 c64 k64 px256', 'c2', 'forward'],
    ]);
    expect(items[1]).toMatchObject({
      op: conv2d,
      shapes: { x: [1, 40, 12, 12], weight: [40, 40, 3, 3], y: [1, 40, 12, 12] },
      attrs: { stride: 1, pad: 1, relu: true },
      constants: ['weight'],
    });
  });

  it('has gradients only where they were recorded', () => {
    const tape = new Tape(cpu);
    const x = tensor('x', [1, 4, 12, 12], { lifetime: 'pinned' });
    const weight = tensor('w', [40, 4, 3, 3], { layout: 'filter', constant: true });
    const y = tape.record(conv2d, 'c1', { x, weight }, CONV);
    expect(tunablesOf(tape).map(({ direction }) => direction)).toEqual(['forward']);
    const loss = tape.record(dot, 'loss', { x: y, w: tensor('w', y.shape, { constant: true }) }, {});
    tape.backward(loss, [x]);
    expect(tunablesOf(tape).map(({ direction, tunable: t }) => [direction, t.bucket])).toEqual([
      ['forward', '3x3s1 c4 k64 px256'],
      ['backward:x', '3x3s1 c64 k4 px256'],
    ]);
  });

  it('has nothing of what random values cannot be put into', () => {
    const tape = new Tape(PLAIN_TARGET);
    const x = tensor('x', [1, 32, 12, 12], { lifetime: 'pinned' });
    const cov = tape.record(covariance, 'cov', { x }, {});
    const loss = tape.record(
      w2Covariance,
      'w2',
      { cov, targetRoot: tensor('root', [32, 32], { constant: true }) },
      { scale: 1 },
    );
    tape.backward(loss, [x]);
    expect(tunablesOf(tape).map(({ op, direction }) => [op.name, direction])).toEqual([
      ['covariance', 'forward'],
      ['covariance', 'backward:x'],
    ]);
  });

  it('counts candidates that dispatch the same once', () => {
    expect(distinctCandidates(items[1]!, cpu)).toEqual(items[1]!.tunable.candidates);
    const forced = { ...items[1]!, attrs: { ...CONV, algorithm: 'direct' } };
    expect(distinctCandidates(forced, cpu)).toHaveLength(1);
  });
});

describe('tune', () => {
  const gpu = useDevice();
  const recorded = () => tunablesOf(recordedOn(gpu.device.target));

  it('measures every candidate, tells each entry, and can be stopped between two', async () => {
    const told: (string | undefined)[] = [];
    const abort = new AbortController();
    const entries = await tune(gpu.device, recorded(), {
      repetitions: 3,
      onProgress: ({ done, total, next }) => told.push(`${done}/${total} ${next?.where}`),
      onEntry: () => abort.abort(),
      signal: abort.signal,
    });
    expect(told).toEqual(['0/2 c1']);
    expect(entries).toHaveLength(1);
    expect(entries[0]!.bucket).toBe('3x3s1 c4 k64 px256');
    expect(Object.keys(entries[0]!.ms).sort()).toEqual(['direct', 'gemm', 'winograd2', 'winograd4']);
    for (const ms of Object.values(entries[0]!.ms)) expect(ms).toBeGreaterThan(0);
    await gpu.device.sync();
  });

  /** The item with its candidate `name` computed by `change` of the honest dispatches. */
  function tampered(item: TuneItem, name: string, change: Partial<OpSpec<unknown>>): TuneItem {
    const { op } = item;
    const isTaken = (target: Target) => target.choices?.conv2d?.[item.tunable.bucket] === name;
    return {
      ...item,
      op: {
        ...op,
        forward: (t, attrs, ctx) =>
          (isTaken(ctx.target) ? (change.forward ?? op.forward) : op.forward)(t, attrs, ctx),
      },
    };
  }

  it('rejects a candidate that computes something else, and never takes it', async () => {
    const [item] = recorded();
    const lying = tampered(item!, 'winograd2', {
      // Half of the channels of one dispatch are left out: fast, and wrong.
      forward: (t, attrs, ctx) =>
        item!.op
          .forward(t, attrs, ctx)
          .map((d) => ('C4' in d.params ? { ...d, params: { ...d.params, C4: 0 } } : d)),
    });
    const [entry] = await tune(gpu.device, [lying], { repetitions: 3 });
    expect(entry!.choice).not.toBe('winograd2');
    expect(Object.keys(entry!.ms)).not.toContain('winograd2');
    expect(entry!.rejected!.winograd2).toMatch(
      /^gives \S+ at \[\d+\] where direct gives \S+, and may differ by/,
    );
  });

  it('rejects a candidate that does not compile, and throws where that is the default', async () => {
    const [item] = recorded();
    const broken: Partial<OpSpec<unknown>> = {
      forward: (t, attrs, ctx) =>
        item!.op.forward(t, attrs, ctx).map((d) => ({
          ...d,
          kernel: { ...d.kernel, name: 'broken', shader: () => 'fn main() {}' },
        })),
    };
    const [entry] = await tune(gpu.device, [tampered(item!, 'winograd2', broken)], { repetitions: 3 });
    expect(entry!.rejected!.winograd2).toMatch(/^kernel broken\S* does not compile/);
    await expect(tune(gpu.device, [tampered(item!, 'direct', broken)], { repetitions: 3 })).rejects.toThrow(
      KernelError,
    );
  });

  describe('by its clock', () => {
    const spied: { runs: number; ms: number }[] = [];
    /** Answers each dispatch of a profile with `ms` in the place of what it took. */
    function clockOf(ms: number) {
      const honest = Program.prototype.profile;
      vi.spyOn(Program.prototype, 'profile').mockImplementation(async function (this: Program, runs = 1) {
        const timings = (await honest.call(this, runs)).map((timing) => ({ ...timing, ms }));
        spied.push({ runs, ms: timings.length * ms });
        return timings;
      });
    }
    /** The device as one without textures: copies in front of a first dispatch would have no timestamp. */
    const plain = () => {
      const target = { ...gpu.device.target, maxTextureSize: 1 };
      return Object.create(gpu.device, { target: { value: target } }) as Device;
    };
    const wanted = (device: Device) => tunablesOf(recordedOn(device.target)).slice(1);
    const hasClock = () => gpu.device.gpu.features.has('timestamp-query');
    beforeEach(() => void spied.splice(0));
    afterEach(() => void vi.restoreAllMocks());

    it('sums runs that are short until timestamps say something', async ({ skip }) => {
      skip(!hasClock(), 'no timestamp-query');
      clockOf(0.01);
      const device = plain();
      const [entry] = await tune(device, wanted(device), { repetitions: 3 });
      const rounds = spied.filter(({ runs }) => runs > 1);
      // A candidate is given up only where it is three times slower than another in two rounds.
      expect(rounds.length).toBeGreaterThanOrEqual(2 * Object.keys(entry!.ms).length);
      for (const { ms } of rounds) expect(ms).toBeGreaterThan(1.9);
      expect(entry!.ms.direct).toBeCloseTo(0.01, 6);
    });

    it('times by the wall where timestamps stand still', async ({ skip }) => {
      skip(!hasClock(), 'no timestamp-query');
      clockOf(0);
      const device = plain();
      const [entry] = await tune(device, wanted(device), { repetitions: 3 });
      expect(spied.map(({ runs }) => runs)).toEqual([1, 1, 100]);
      for (const ms of Object.values(entry!.ms)) expect(ms).toBeGreaterThan(0);
    });
  });

  it('accepts the honest candidates of a covariance', async () => {
    const target: Target = { ...gpu.device.target, cpu: false };
    const device = Object.create(gpu.device, { target: { value: target } }) as Device;
    const tape = new Tape(target);
    tape.record(covariance, 'cov', { x: tensor('x', [1, 16, 9, 9], { lifetime: 'pinned' }) }, {});
    const [item] = tunablesOf(tape);
    const names = distinctCandidates(item!, target);
    expect(names.length).toBeGreaterThan(1);
    const { candidates, rejected, destroy } = await prepareItem(device, item!, names);
    destroy();
    expect(rejected).toEqual({});
    expect(candidates.map(({ name }) => name)).toEqual(names);
  });

  it('refuses too few repetitions', async () => {
    await expect(tune(gpu.device, [], { repetitions: 2 })).rejects.toThrow(
      new InputError('repetitions must be a whole number of at least 3, got 2'),
    );
  });
});

describe('a tuned device', () => {
  const gpu = useDevice();
  let platform: Platform;
  const texts = new Map<string, string>();
  const store: KeyValueStore = {
    where: (key) => `memory, ${key}`,
    get: async (key) => texts.get(key),
    set: async (key, value) => void texts.set(key, value),
    update: async (key, change) => void texts.set(key, change(texts.get(key))),
    delete: async (key) => void texts.delete(key),
    setAside: async (key) => {
      texts.set(`${key}.damaged`, texts.get(key)!);
      texts.delete(key);
      return `${key}.damaged`;
    },
  };
  beforeEach(() => {
    texts.clear();
    // The file's own platform, whose `gpu` is a getter that must stay one, with another store.
    const own = Object.getOwnPropertyDescriptors(gpu.device.platform);
    platform = Object.defineProperties({}, { ...own, store: { value: store } }) as Platform;
  });

  it('computes by the table that was measured before, and by it alone where it is asked to', async () => {
    const device = await Device.open(platform);
    const items = tunablesOf(recordedOn(device.target));
    const entries = await tune(device, items, { repetitions: 3 });
    expect(entries).toHaveLength(2);
    // Whatever was faster today: the next device must do what it would not do untuned.
    const defaults = new Set(items.map(({ tunable: { candidates } }) => candidates[0]));
    const other = (e: TuningEntry) => ({
      ...e,
      choice: Object.keys(e.ms).find((name) => !defaults.has(name))!,
    });
    const turned = entries.map(other);
    const notes: string[] = [];
    await saveEntries(store, emptyTable(device.adapter, platform), turned, (line) => notes.push(line));
    device.destroy();

    const tuned = await Device.open(platform);
    expect(tuned.tuning).toMatchObject({ source: 'cache', measured: 2 });
    expect(items.map((item) => choose(tuned.target.choices, item.tunable))).toEqual(
      turned.map(({ choice }) => choice),
    );
    const labels = (device: Device) => recordedOn(device.target).dispatches.map(({ kernel }) => kernel.name);
    const untuned = await Device.open(platform, { tuning: 'default' });
    expect(labels(tuned)).not.toEqual(labels(untuned));
    expect(tunable(untuned, items)).toHaveLength(2);
    tuned.destroy();
    untuned.destroy();
    expect(notes).toEqual([]);
  });
});
