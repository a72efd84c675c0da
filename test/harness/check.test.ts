import { afterEach, describe, expect, it, vi } from 'vitest';
import { adamFamily } from '../../harness/cases/adam.js';
import { weightedAddFamily } from '../../harness/cases/pointwise.js';
import { buildCase, checkCase, checkGradient, compare, TOLERANCE_FACTOR } from '../../harness/check.js';
import { checkSteps } from '../../harness/check-steps.js';
import { runCheck } from '../../harness/cli/check.js';
import { InputError } from '../../src/base/errors.js';
import { map, ndarray } from '../../src/reference/array.js';
import { useDevice } from '../kernels/shared.js';

describe('compare', () => {
  const expected = ndarray([4], [1, 2, 3, 4]);
  const bound = { magnitude: ndarray([4], [1, 1, 1, 1]), terms: 4 };
  const tolerance = TOLERANCE_FACTOR * 2 * 2 ** -24;
  const shifted = (by: number) => expected.data.map((value, i) => (i === 2 ? value + by : value));

  it('measures errors in units of 4 sqrt(terms) 2^-24 magnitude', () => {
    expect(compare('demo', expected.data, expected, bound)).toEqual({
      name: 'demo',
      ok: true,
      worst: 0,
      report: '',
    });
    const inside = compare('demo', shifted(0.5 * tolerance), expected, bound);
    expect(inside.ok).toBe(true);
    expect(inside.worst).toBeCloseTo(0.5, 6);
    expect(compare('demo', shifted(1.01 * tolerance), expected, bound).ok).toBe(false);
  });

  it('fails on NaN, infinity and a wrong number of values, and shows the place', () => {
    const broken = compare('demo', shifted(Number.NaN), expected, bound);
    expect([broken.ok, broken.worst]).toEqual([false, Number.POSITIVE_INFINITY]);
    expect(broken.report).toMatch(/^demo: 4 values for shape \[4\]\n.*\[0\] actual 1 {4}expected 1/);
    expect(broken.report).toMatch(/\[2\] actual NaN <- expected 3 ± 4\.77e-7/);
    expect(compare('demo', shifted(Number.POSITIVE_INFINITY), expected, bound).ok).toBe(false);
    expect(compare('demo', expected.data.slice(0, 3), expected, bound).ok).toBe(false);
    expect(compare('demo', [...expected.data, 5], expected, bound).ok).toBe(false);
  });
});

describe('the checks notice a wrong op', () => {
  const gpu = useDevice();
  const text = 'C=3;H=5;W=7;alpha=0.3;beta=-2';
  const { reference } = weightedAddFamily;

  it('a forward pass', async () => {
    const forward: typeof reference.forward = (inputs, attrs) =>
      map(reference.forward(inputs, attrs), (value) => value * 1.00001);
    const results = await checkCase(
      gpu.device,
      { ...weightedAddFamily, reference: { ...reference, forward } },
      text,
    );
    expect(results.map(({ ok }) => ok)).toEqual([false, true, true]);
  });

  it('a gradient, on the GPU and against finite differences', async () => {
    const a: (typeof reference.backward)[string] = (inputs, y, dy, attrs) =>
      map(reference.backward.a!(inputs, y, dy, attrs), (value) => value * 1.0001);
    const broken = {
      ...weightedAddFamily,
      reference: { ...reference, backward: { ...reference.backward, a } },
    };
    expect((await checkCase(gpu.device, broken, text)).map(({ ok }) => ok)).toEqual([true, false, true]);
    expect(checkGradient(broken, text).map(({ ok }) => ok)).toEqual([false, true]);
  });

  it('an optimiser that takes other steps, or none', async () => {
    const build: typeof adamFamily.build = (p) => {
      const built = adamFamily.build(p);
      return { ...built, gradient: (x, t) => built.gradient(x, t).map((value) => -value) };
    };
    const ok = async (f: typeof adamFamily) =>
      (await checkSteps(gpu.device, f, 'C=5;flat')).map((result) => result.ok);
    // x and m turn, v is of squares.
    expect(await ok({ ...adamFamily, build })).toEqual([false, false, true]);
    const still: typeof adamFamily.build = (p) => ({ ...adamFamily.build(p), steps: 0 });
    expect(await ok({ ...adamFamily, build: still })).toEqual([false, false, false]);
  });

  it('and a parameter that is none', () => {
    expect(() => buildCase(weightedAddFamily, 'C=3;H=5;W=7;gamma=1')).toThrow(
      new InputError('case C=3;H=5;W=7;gamma=1: gamma is not a parameter of this op'),
    );
  });
});

describe('facet check', () => {
  const gpu = useDevice();
  afterEach(() => vi.restoreAllMocks());

  async function lines(filters: string[], options = {}): Promise<{ code: number; printed: string[] }> {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const code = await runCheck(gpu.device, filters, options);
    const printed = log.mock.calls.map(([line]) => String(line));
    log.mockRestore();
    return { code, printed };
  }

  it('runs what a filter selects, a line each and a summary', async () => {
    const { code, printed } = await lines(['relu:forward']);
    expect(code).toBe(0);
    expect(printed[0]).toMatch(/^ok {8}0\.000 {2}relu:forward:/);
    expect(printed.at(-2)).toMatch(/^\n\d+ passed, 0 failed on .+/);
  });

  it('runs a whole name alone, in a table or not', async () => {
    for (const name of [
      'conv2d:forward:C=3;H=9;W=11;K=5',
      'conv2d:backward:x:C=5;H=6;W=7;K=9',
      'relu:gradient:x:C=5;H=2;W=2',
      'lbfgs:step:x:C=7;flat;steps=2',
      'matmul:forward:M=3;K=5;N=7;variant=tiled/32x32',
      'matmul:backward:a:M=4;K=5;N=7;variant=tiled/32x32',
    ]) {
      const { printed } = await lines([name]);
      expect(printed).toHaveLength(3);
      expect(printed[0]!.endsWith(`  ${name}`)).toBe(true);
    }
  });

  it('prints JSON', async () => {
    const { printed } = await lines(['relu:backward'], { json: true });
    const document = JSON.parse(printed.join('\n')) as { failed: number; results: { ok: boolean }[] };
    expect(document.failed).toBe(0);
    expect(document.results.length).toBeGreaterThan(0);
  });

  it('refuses a name of nothing and a case that cannot be', async () => {
    await expect(runCheck(gpu.device, ['conv9d'])).rejects.toThrow(
      /^check: nothing is named like conv9d; names begin with conv2d, /,
    );
    await expect(runCheck(gpu.device, ['conv2d:forward:H=3;W=99'])).rejects.toThrow(InputError);
    await expect(runCheck(gpu.device, ['matmul:forward:M=3;K=5;N=8;variant=best'])).rejects.toThrow(
      'check: matmul:M=3;K=5;N=8 has no variant best on this adapter; there is registers, tiled/',
    );
  });
});
