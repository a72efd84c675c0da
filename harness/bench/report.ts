// A benchmark's results as a record that can be kept, and as a table.
import { z } from 'zod';
import { InputError } from '../../src/base/errors.js';
import type { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import type { Ceilings } from './ceilings.js';
import type { Measurement } from './measure.js';
import { describeTuning } from './tuning.js';

const measurementSchema = z.object({
  name: z.string(),
  gpuMs: z.number().optional(),
  wallMs: z.number(),
  spread: z.number(),
  flops: z.number(),
  bytes: z.number(),
  gflops: z.number(),
  gbps: z.number(),
});

/** As a file holds it. */
export const recordSchema = z.object({
  adapter: z.string(),
  driver: z.string(),
  webgpu: z.string(),
  /** Which choices were in effect; records of before there were any do not tell. */
  tuning: z.string().optional(),
  /** Records of before there were two do not tell. */
  precision: z.enum(['f32', 'mixed']).default('f32'),
  /** Version of Node; absent in a browser. */
  node: z.string().optional(),
  cpu: z.string(),
  commit: z.string(),
  date: z.string(),
  repetitions: z.number(),
  ceilings: z.object({ gflops: z.number(), copyGbps: z.number(), readGbps: z.number() }),
  results: z.array(measurementSchema),
});

/** What `--json` writes and `--compare` reads: where, when and of which commit, and every measurement. */
export type BenchRecord = z.infer<typeof recordSchema>;

/** What a record tells of the machine beside its adapter. */
export type BenchHost = Pick<BenchRecord, 'node' | 'cpu' | 'commit'>;

/** The record of a run on `device` of `host`. */
export function benchRecord(
  device: Device,
  host: BenchHost,
  repetitions: number,
  ceilings: Ceilings,
  results: readonly Measurement[],
): BenchRecord {
  const { vendor, architecture, device: model, description } = device.adapter;
  return {
    adapter: [vendor, architecture, model].filter(Boolean).join(' '),
    driver: description,
    webgpu: device.platform.gpuVersion,
    tuning: describeTuning(device.tuning),
    precision: device.target.precision,
    ...host,
    date: new Date().toISOString(),
    repetitions,
    ceilings,
    results: [...results],
  };
}

/** Throws InputError where a record was made in another precision: a speed-up over other numbers is none. */
export function assertComparable(old: BenchRecord, precision: Precision, path: string): void {
  if (old.precision === precision) return;
  throw new InputError(
    `--compare ${path}: was measured with --precision ${old.precision}, this run has ${precision}; give the same one`,
  );
}

/** The lines above a table: what ran, where, and the limits that the last column is a share of. */
export function headLines(record: BenchRecord): string[] {
  const { ceilings } = record;
  return [
    `adapter  ${record.adapter}`,
    `driver   ${record.driver}`,
    ...(record.tuning === undefined ? [] : [`tuning   ${record.tuning}`]),
    `numbers  ${record.precision}`,
    `software ${record.webgpu}${record.node === undefined ? '' : `, node ${record.node}`}, commit ${record.commit}, ${record.date}`,
    `cpu      ${record.cpu}`,
    `limits   ${ceilings.gflops.toFixed(1)} GFLOP/s (multiply-adds in registers), ${ceilings.copyGbps.toFixed(1)} GB/s (copy), ${ceilings.readGbps.toFixed(1)} GB/s (read), measured in this run`,
    `medians of ${record.repetitions}; GFLOP/s counts the forward pass's arithmetic for each direction`,
  ];
}

/** Rows under a heading; with `old`, how many times as fast as there. */
export function tableRows(record: BenchRecord, old?: BenchRecord): string[][] {
  const before = new Map(old?.results.map((result) => [result.name, result]));
  const head = [
    'name',
    'GPU ms',
    'wall ms',
    'spread',
    'GFLOP/s',
    'GB/s',
    'of limit',
    ...(old ? ['speed-up'] : []),
  ];
  return [
    head,
    ...record.results.map((result) => [
      result.name,
      result.gpuMs === undefined ? '-' : milliseconds(result.gpuMs),
      milliseconds(result.wallMs),
      `${(100 * result.spread).toFixed(0)} %`,
      result.gflops.toFixed(1),
      result.gbps.toFixed(1),
      share(result, record.ceilings),
      ...(old ? [speedUp(result, before.get(result.name))] : []),
    ]),
  ];
}

function milliseconds(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 1 ? ms.toFixed(2) : ms.toFixed(4);
}

/** The larger share of a limit: what an ideal kernel is bound by. Tensors that fit into a cache may pass that of memory. */
function share({ gflops, gbps }: Measurement, ceilings: Ceilings): string {
  const [arithmetic, memory] = [
    gflops / ceilings.gflops,
    gbps / Math.max(ceilings.copyGbps, ceilings.readGbps),
  ];
  return `${(100 * Math.max(arithmetic, memory)).toFixed(0)} % ${arithmetic >= memory ? 'arith.' : 'memory'}`;
}

/** By the same clock in both; a change within the two spreads says nothing and is marked so. */
function speedUp(now: Measurement, before: Measurement | undefined): string {
  if (!before) return 'new';
  const both = now.gpuMs !== undefined && before.gpuMs !== undefined;
  const factor = both ? before.gpuMs! / now.gpuMs! : before.wallMs / now.wallMs;
  const noise = Math.abs(factor - 1) < Math.max(now.spread, before.spread) ? ' ~' : '';
  return `${factor.toFixed(2)}x${noise}`;
}
