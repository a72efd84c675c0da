import { describe, expect, it } from 'vitest';
import { llvmpipeThreads, setLlvmpipeThreads } from '../../src/platform/node-threads.js';

describe("llvmpipe's threads", () => {
  it.each([
    [1, undefined],
    [2, 8],
    [4, 16],
    [16, 32],
    [32, undefined],
    [96, undefined],
  ])('%i cores', (cores, threads) => expect(llvmpipeThreads(cores)).toBe(threads));

  it('are set where the user has set none', () => {
    const env: NodeJS.ProcessEnv = {};
    setLlvmpipeThreads(env, 2);
    expect(env).toEqual({ LP_NUM_THREADS: '8' });
    const own = { LP_NUM_THREADS: '3' };
    setLlvmpipeThreads(own, 2);
    expect(own).toEqual({ LP_NUM_THREADS: '3' });
  });

  it("are Mesa's own on one core", () => {
    const env: NodeJS.ProcessEnv = {};
    setLlvmpipeThreads(env, 1);
    expect(env).toEqual({});
  });
});
