// What an adapter was measured to do best, as data: entries by family and bucket, and the JSON they are kept in.
import { z } from 'zod';
import { InputError } from '../base/errors.js';
import { hash32 } from '../base/random.js';
import type { Platform } from '../platform/platform.js';
import type { Choices } from './choices.js';
import type { AdapterReport } from './device.js';

const name = z.string().min(1).max(200);

const entry = z
  .strictObject({
    family: name,
    bucket: name.refine((bucket) => bucket !== '*', 'a measurement stands for one bucket'),
    choice: name,
    /** What would have been computed without a table. */
    default: name,
    /** Median milliseconds by candidate. */
    ms: z.record(name, z.number().positive()),
    /** Candidates that failed or computed something else, and why. */
    rejected: z.record(name, z.string()).optional(),
  })
  .refine((e) => e.ms[e.choice] !== undefined, 'the choice was not measured');

const adapterIdentity = z.strictObject({
  vendor: z.string(),
  architecture: z.string(),
  device: z.string(),
  /** The driver, where the adapter tells. */
  description: z.string(),
});

const tuningTable = z.strictObject({
  format: z.literal(1),
  adapter: adapterIdentity,
  /** Version of what runs WebGPU: Dawn's or the browser's. */
  runtime: z.string(),
  /** Version of Facet whose kernels were measured; tables of before it was told have none. */
  facet: z.string().default('of an unknown version'),
  entries: z.array(entry),
});

/** The candidates of one bucket on one adapter: which is taken, and what each took. */
export type TuningEntry = z.infer<typeof entry>;

/** Everything measured on one adapter, with one driver and one version of what runs WebGPU and of Facet. */
export type TuningTable = z.infer<typeof tuningTable>;

/** A table of nothing, for an adapter of a platform. */
export function emptyTable(
  { vendor, architecture, device, description }: AdapterReport,
  { gpuVersion, facetVersion }: Pick<Platform, 'gpuVersion' | 'facetVersion'>,
): TuningTable {
  const adapter = { vendor, architecture, device, description };
  return { format: 1, adapter, runtime: gpuVersion, facet: facetVersion, entries: [] };
}

/** JSON text -> table; InputError, beginning with `where`, says what is wrong with it. */
export function parseTable(text: string, where: string): TuningTable {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: is not JSON`, { cause: error });
  }
  const parsed = tuningTable.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new InputError(
    `${where}: is no tuning table: ${issue.path.join('.') || 'the whole'}: ${issue.message}`,
    {
      cause: parsed.error,
    },
  );
}

/** Table -> JSON text; the same table gives the same text. */
export function encodeTable(table: TuningTable): string {
  return `${JSON.stringify(table, undefined, 1)}\n`;
}

/** `entries` in the place of those of the same family and bucket, all in alphabetical order. */
export function withEntries(table: TuningTable, entries: readonly TuningEntry[]): TuningTable {
  const all = new Map([...table.entries, ...entries].map((e) => [`${e.family}\n${e.bucket}`, e]));
  const ordered = [...all].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, e]) => e);
  return { ...table, entries: ordered };
}

/** What a table says to take. */
export function tableChoices(table: TuningTable): Choices {
  const families = new Map<string, Map<string, string>>();
  for (const { family, bucket, choice } of table.entries) {
    const buckets = families.get(family) ?? new Map<string, string>();
    families.set(family, buckets.set(bucket, choice));
  }
  return Object.fromEntries([...families].map(([family, buckets]) => [family, Object.fromEntries(buckets)]));
}

/** Whether two tables were measured on the same adapter, driver and runtime, of kernels of the same version. */
export function isSameAdapter(a: TuningTable, b: TuningTable): boolean {
  return identityOf(a) === identityOf(b);
}

function identityOf({ adapter, runtime, facet }: TuningTable): string {
  const { vendor, architecture, device, description } = adapter;
  return JSON.stringify([vendor, architecture, device, description, runtime, facet]);
}

/** Name under which a table is kept: readable, and another one for each adapter, driver, runtime and version of Facet. */
export function tableKey(table: TuningTable): string {
  const { description, device, vendor } = table.adapter;
  const readable = (description || device || vendor || 'adapter')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-|-$/g, '');
  const hash = [1, 2].map((seed) => {
    let state = seed;
    for (const letter of identityOf(table)) state = hash32(state, letter.codePointAt(0)!);
    return state.toString(16).padStart(8, '0');
  });
  return `${readable}-${hash.join('')}`;
}
