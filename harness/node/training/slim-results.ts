// The results of an evaluation of the slim VGG as one JSON file, to which each run is added when it is done.
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf, writeAtomically } from '../overwrite.js';

const distance = z.object({
  style: z.number(),
  byLayer: z.record(z.string(), z.number()),
  content: z.number(),
});

const run = z.object({
  content: z.string(),
  style: z.string(),
  /** `slim`, `direct`: the whole VGG, `initial`: nothing was done. */
  net: z.enum(['slim', 'direct', 'initial']),
  ratio: z.number(),
  distance,
  seconds: z.number(),
});

const file = z.object({
  format: z.literal('facet slim evaluation'),
  version: z.literal(1),
  /** What results depend on besides pair, net and ratio. */
  settings: z.object({
    size: z.int(),
    steps: z.int(),
    /** SHA-256 of the two nets. */
    slim: z.string(),
    teacher: z.string(),
  }),
  runs: z.array(run),
});

export type SlimRun = z.infer<typeof run>;
export type SlimResults = z.infer<typeof file>;
export type SlimSettings = SlimResults['settings'];

/** The results in a file; none where it is not there. InputError where it is of other settings, unless `force`. */
export async function openResults(
  path: string,
  settings: SlimSettings,
  force: boolean,
): Promise<SlimResults> {
  const none: SlimResults = { format: 'facet slim evaluation', version: 1, settings, runs: [] };
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
  });
  if (text === undefined || force) return none;
  const parsed = file.safeParse(jsonOf(text));
  if (!parsed.success) throw new InputError(`${path}: is no evaluation of a slim net; --force replaces it`);
  for (const key of Object.keys(settings) as (keyof SlimSettings)[]) {
    const [was, is] = [parsed.data.settings[key], settings[key]];
    if (was !== is)
      throw new InputError(`${path}: has results with ${key} ${was}, now it is ${is}; --force begins anew`);
  }
  return parsed.data;
}

export async function saveResults(path: string, results: SlimResults): Promise<void> {
  await writeAtomically(path, `${JSON.stringify(results, undefined, 2)}\n`, { force: true });
}

export function findRun(
  { runs }: SlimResults,
  wanted: Pick<SlimRun, 'content' | 'style' | 'net' | 'ratio'>,
): SlimRun | undefined {
  return runs.find(
    ({ content, style, net, ratio }) =>
      content === wanted.content && style === wanted.style && net === wanted.net && ratio === wanted.ratio,
  );
}

/** One line of the table: of each net the run with the least content + 20 x style. */
export interface SlimSummary {
  readonly content: string;
  readonly style: string;
  readonly net: SlimRun['net'];
  readonly ratio: number;
  /** Style loss as a share of the initial one. */
  readonly share: number;
  /** Times the direct result's; NaN without one. */
  readonly timesDirect: number;
  readonly contentLoss: number;
  readonly byLayer: Readonly<Record<string, number>>;
}

/** What the best of several runs is told by, as the first net's results were. */
const STYLE_FACTOR = 20;

/** The best runs of a pair, the initial picture first. */
export function summarise(results: SlimResults, content: string, style: string): SlimSummary[] {
  const own = results.runs.filter((one) => one.content === content && one.style === style);
  const best = (net: SlimRun['net']) =>
    own
      .filter((one) => one.net === net)
      .toSorted((a, b) => score(a) - score(b))
      .slice(0, 1);
  const [initial] = best('initial');
  const [direct] = best('direct');
  return [...best('initial'), ...best('direct'), ...best('slim')].map(({ net, ratio, distance: d }) => ({
    content,
    style,
    net,
    ratio,
    share: d.style / initial!.distance.style,
    timesDirect: direct ? d.style / direct.distance.style : Number.NaN,
    contentLoss: d.content,
    byLayer: d.byLayer,
  }));
}

function score({ distance: d }: SlimRun): number {
  return d.content + STYLE_FACTOR * d.style;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
