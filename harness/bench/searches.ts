// A search's bench entries as programs to time, each checked first.
import { FacetError } from '../../src/base/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { TensorStore } from '../../src/gpu/store.js';
import { buildSearch, type SearchFamily } from '../cases/search.js';
import { checkSearch, compileSearch } from '../check-search.js';
import type { Timed } from './measure.js';
import type { BenchSet } from './programs.js';

/** `top_k:search:M=20000;B=16;k=10` for each bench entry. */
export function searchBenchNames(f: SearchFamily): string[] {
  return f.bench.map((text) => `${f.name}:search:${text}`);
}

/** Checks and compiles those of a search's bench entries whose names `isWanted`; FacetError where one is wrong. */
export async function searchBenchSet(
  device: Device,
  f: SearchFamily,
  isWanted: (name: string) => boolean,
): Promise<BenchSet> {
  const store = new TensorStore(device);
  const timed: Timed[] = [];
  const destroy = () => {
    for (const { program } of timed) program.destroy();
    store.destroy();
  };
  try {
    for (const [i, name] of searchBenchNames(f).entries()) {
      if (!isWanted(name)) continue;
      for (const result of await checkSearch(device, f, f.bench[i]!)) {
        if (!result.ok)
          throw new FacetError(
            `bench: ${result.name} is wrong, so its speed means nothing\n${result.report}`,
          );
      }
      const built = buildSearch(f, f.bench[i]!);
      const { program } = await compileSearch(store, built, name);
      timed.push({ name, program, ...built.cost });
    }
    return { timed, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}
