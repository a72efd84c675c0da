// An optimiser's bench entries as programs to time, each checked first.
import { FacetError } from '../../src/base/errors.js';
import type { Device } from '../../src/gpu/device.js';
import { TensorStore } from '../../src/gpu/store.js';
import { buildSteps, type StepFamily } from '../cases/step.js';
import { checkSteps, compileStep } from '../check-steps.js';
import type { Timed } from './measure.js';
import { type BenchSet, cutExtents } from './programs.js';

/** `adam:step:C=3;H=512;W=512` for each bench entry. */
export function stepBenchNames(f: StepFamily): string[] {
  return f.bench.map((text) => `${f.name}:step:${text}`);
}

/** Checks and compiles those of an optimiser's bench entries whose names `isWanted`; FacetError where one is wrong. */
export async function stepBenchSet(
  device: Device,
  f: StepFamily,
  isWanted: (name: string) => boolean,
): Promise<BenchSet> {
  const store = new TensorStore(device);
  const timed: Timed[] = [];
  const destroy = () => {
    for (const { program } of timed) program.destroy();
    store.destroy();
  };
  try {
    for (const [i, name] of stepBenchNames(f).entries()) {
      if (!isWanted(name)) continue;
      // The same kernels with few elements: the twin in float64 is slow.
      for (const result of await checkSteps(device, f, cutExtents(f.bench[i]!, 8))) {
        if (!result.ok)
          throw new FacetError(
            `bench: ${result.name} is wrong, so its speed means nothing\n${result.report}`,
          );
      }
      const built = buildSteps(f, f.bench[i]!);
      const { gradient, optimizer, program } = await compileStep(store, built, name);
      timed.push({ name, program, ...built.cost });
      store.write(gradient, built.gradient(built.start, 1));
      optimizer.beforeStep(program, 1);
    }
    return { timed, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}
