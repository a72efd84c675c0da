// Times candidates in turn and picks one: no GPU is seen here.
import { median, quantile } from '../base/statistics.js';

/** One way of computing something. */
export interface Lane {
  readonly name: string;
  /** Runs it; milliseconds. */
  time(): Promise<number>;
}

/** Milliseconds of each round by name, the default's first; fewer rounds for those that were given up. */
export type RaceTimes = ReadonlyMap<string, readonly number[]>;

/** So many times slower than the fastest, in its best round, a candidate need not be timed again. */
const HOPELESS = 3;
/** A single round may have been disturbed. */
const ROUNDS_BEFORE_GIVING_UP = 2;
/** A challenger that wins by less is not worth a change: the next measurement may say otherwise. */
const LEAST_GAIN = 0.05;

/**
 * Times the lanes in turn, `repetitions` rounds, each round beginning with another lane: drift of the machine and the
 * state that one lane leaves to the next then fall on all alike. The first lane is the default and runs every round.
 * Undefined where `signal` ended it.
 */
export async function race(
  lanes: readonly Lane[],
  repetitions: number,
  signal?: AbortSignal,
): Promise<RaceTimes | undefined> {
  const times = new Map(lanes.map(({ name }) => [name, [] as number[]]));
  const best = (lane: Lane) => Math.min(...times.get(lane.name)!);
  let running = [...lanes];
  for (let round = 0; round < repetitions; round++) {
    const first = round % running.length;
    for (const lane of [...running.slice(first), ...running.slice(0, first)]) {
      if (signal?.aborted) return undefined;
      times.get(lane.name)!.push(await lane.time());
    }
    if (round + 1 < ROUNDS_BEFORE_GIVING_UP) continue;
    const fastest = Math.min(...running.map(best));
    running = running.filter((lane) => lane === lanes[0] || best(lane) <= HOPELESS * fastest);
  }
  return times;
}

/**
 * The default, unless a challenger was faster by more than 5 % in three quarters of the rounds, each compared with
 * the default's time of the same round; among several of those the one with the least median ratio.
 */
export function winner(times: RaceTimes): string {
  const [[defaultName, baseline], ...challengers] = [...times] as [
    [string, readonly number[]],
    ...[string, readonly number[]][],
  ];
  const faster = challengers.flatMap(([name, own]) => {
    const ratios = own.map((ms, round) => ms / baseline[round]!);
    return quantile(ratios, 0.75) < 1 - LEAST_GAIN ? [{ name, ratio: median(ratios) }] : [];
  });
  return faster.toSorted((a, b) => a.ratio - b.ratio)[0]?.name ?? defaultName;
}
