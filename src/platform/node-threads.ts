// How many threads llvmpipe (Mesa's Vulkan on CPUs) runs dispatches on.
import { availableParallelism } from 'node:os';

/** Mesa's name for it; read when the driver is opened. */
const VARIABLE = 'LP_NUM_THREADS';

/**
 * Threads per core. llvmpipe deals the workgroups of a dispatch out to its threads in equal parts, fixed beforehand: with
 * a thread per core, a core that another process slows down for a while leaves all others waiting for its part.
 */
const PER_CORE = 4;

/** Most that are asked for; with as many cores a part is small already. */
const MOST = 32;

/** Threads for so many cores; undefined where Mesa's own number serves: one core needs no pool. */
export function llvmpipeThreads(cores: number): number | undefined {
  const threads = Math.min(PER_CORE * cores, MOST);
  return cores > 1 && threads > cores ? threads : undefined;
}

/** Sets the number of threads in `env`, to be called before a driver is opened; a number that is there stays. */
export function setLlvmpipeThreads(
  env: NodeJS.ProcessEnv = process.env,
  cores: number = availableParallelism(),
): void {
  const threads = llvmpipeThreads(cores);
  if (threads !== undefined) env[VARIABLE] ??= String(threads);
}
