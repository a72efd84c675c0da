import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readRecord } from '../../harness/bench/host.js';
import { benchNames } from '../../harness/bench/programs.js';
import { assertComparable, type BenchRecord, headLines, tableRows } from '../../harness/bench/report.js';
import { runBench } from '../../harness/bench/run.js';
import { alignRows, markdownRows } from '../../harness/bench/table.js';
import { conv2dFamily } from '../../harness/cases/conv2d.js';
import type { Scope } from '../../harness/variants.js';
import { InputError } from '../../src/base/errors.js';
import { median, quantile } from '../../src/base/statistics.js';
import { PLAIN_TARGET, type Target } from '../../src/gpu/kernel.js';
import { useDevice } from '../kernels/shared.js';

const host = { cpu: '2 x demo', commit: 'abc' };
const folder = mkdtempSync(join(tmpdir(), 'facet-bench-'));
afterAll(() => rmSync(folder, { recursive: true }));

const record: BenchRecord = {
  adapter: 'demo',
  driver: 'demo 1',
  webgpu: 'dawn',
  precision: 'f32',
  node: 'v20',
  cpu: '2 x demo',
  commit: 'abc',
  date: '2026-01-01T00:00:00.000Z',
  repetitions: 5,
  ceilings: { gflops: 100, copyGbps: 10, readGbps: 8 },
  results: [
    {
      name: 'conv2d:forward:C=3',
      gpuMs: 2,
      wallMs: 3,
      spread: 0.1,
      flops: 1e8,
      bytes: 2e6,
      gflops: 50,
      gbps: 1,
    },
    { name: 'relu:forward:C=3', wallMs: 0.5, spread: 0.02, flops: 1e6, bytes: 4e6, gflops: 2, gbps: 8 },
  ],
};

describe('a record', () => {
  it('becomes aligned columns, and Markdown', () => {
    const rows = tableRows(record);
    expect(rows[1]).toEqual(['conv2d:forward:C=3', '2.00', '3.00', '10 %', '50.0', '1.0', '50 % arith.']);
    expect(rows[2]).toEqual(['relu:forward:C=3', '-', '0.5000', '2 %', '2.0', '8.0', '80 % memory']);
    expect(new Set(alignRows(rows).map((line) => line.length)).size).toBe(1);
    expect(markdownRows(rows)[1]).toBe('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
    expect(headLines(record).join('\n')).toMatch(/commit abc[\s\S]*100\.0 GFLOP\/s/);
  });

  it('is compared by one clock, and marks what lies within the spread', () => {
    const [conv, relu] = record.results;
    const old = { ...record, results: [{ ...conv!, gpuMs: 4, wallMs: 99 }] };
    expect(tableRows(record, old).map((row) => row.at(-1))).toEqual(['speed-up', '2.00x', 'new']);
    const near = {
      ...record,
      results: [
        { ...conv!, gpuMs: 2.1 },
        { ...relu!, gpuMs: 7, wallMs: 0.25 },
      ],
    };
    expect(tableRows(record, near).map((row) => row.at(-1))).toEqual(['speed-up', '1.05x ~', '0.50x']);
  });

  it('tells its precision, f32 where it is older, and is compared with its like alone', () => {
    const path = join(folder, 'older.json');
    writeFileSync(path, JSON.stringify({ ...record, precision: undefined }));
    const older = readRecord(path);
    expect(older.precision).toBe('f32');
    const mixed: BenchRecord = { ...record, precision: 'mixed' };
    expect(headLines(mixed)).toContain('numbers  mixed');
    expect(() => assertComparable(older, 'f32', path)).not.toThrow();
    expect(() => assertComparable(older, 'mixed', 'old.json')).toThrow(
      new InputError(
        '--compare old.json: was measured with --precision f32, this run has mixed; give the same one',
      ),
    );
  });

  it('is read back as written, and nothing else is', () => {
    const path = join(folder, 'record.json');
    writeFileSync(path, JSON.stringify(record));
    expect(readRecord(path)).toEqual(record);
    expect(() => readRecord(join(folder, 'none.json'))).toThrow(/cannot be read \(ENOENT\)/);
    writeFileSync(path, '{');
    expect(() => readRecord(path)).toThrow(/is not JSON/);
    writeFileSync(path, JSON.stringify({ ...record, ceilings: { gflops: 1 } }));
    expect(() => readRecord(path)).toThrow(/is no record of facet bench: ceilings\.copyGbps/);
  });
});

it('medians and quartiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(quantile([5, 1, 2, 3, 4], 0.25)).toBe(2);
});

describe("the names of an op's entries", () => {
  const text = 'C=64;H=256;W=256;K=64;relu';
  const names = (target: Target, scope: Scope) =>
    benchNames(conv2dFamily, target, scope).filter((name) => name.includes(text));
  const cpu: Target = { ...PLAIN_TARGET, cpu: true, subgroupSize: 8, f16: true };

  it('are of every candidate, the default without a suffix and first', () => {
    const all = names(PLAIN_TARGET, 'own');
    expect(all.slice(0, 2)).toEqual([`conv2d:forward:${text}`, `conv2d:backward:x:${text}`]);
    expect(all).toContain(`conv2d:backward:x:${text};variant=tiled/32x32`);
    expect(all).not.toContain(`conv2d:forward:${text};variant=tiled/64x64`);
    expect(new Set(all).size).toBe(all.length);
  });

  it('are of GPUs and of mixed precision where asked for, and never of emulated matrices', () => {
    const variants = (scope: Scope) =>
      names(cpu, scope).map((name) => name.split('variant=')[1] ?? 'default');
    expect([...new Set(variants('own'))]).toEqual(['default', 'direct', 'gemm', 'winograd2']);
    expect(variants('gpu')).toContain('tiled-f16/64x64');
    expect(variants('gpu').filter((name) => name.startsWith('matrix'))).toEqual([]);
  });
});

describe('on this adapter', () => {
  const gpu = useDevice();

  it('times one op beside plausible limits', async () => {
    const { results, ceilings } = await runBench(gpu.device, {
      host,
      filters: ['weighted_add:forward'],
      repetitions: 5,
    });
    expect(results.length).toBeGreaterThan(0);
    expect(ceilings.gflops > 0.1 && ceilings.copyGbps > 0.01 && ceilings.readGbps > 0.01).toBe(true);
    for (const { name, wallMs, gbps } of results) {
      expect(name).toMatch(/^weighted_add:forward:/);
      expect(wallMs > 0 && gbps > 0).toBe(true);
    }
  });

  it('times a variant that is made for GPUs, where asked to', async () => {
    const { results } = await runBench(gpu.device, {
      host,
      filters: ['matmul:forward:M=64;K=64;N=64'],
      repetitions: 5,
      allVariants: true,
    });
    expect(results.map(({ name }) => name.split('variant=')[1])).toEqual([
      undefined,
      'tiled/32x32',
      'tiled/64x64',
    ]);
  });

  it('times an optimiser', async () => {
    const { results } = await runBench(gpu.device, {
      host,
      filters: ['adam:step:C=3;H=512;W=512;clamp'],
      repetitions: 5,
    });
    expect(results.map(({ name }) => name)).toEqual(['adam:step:C=3;H=512;W=512;clamp;average']);
    expect(results[0]!.gbps).toBeGreaterThan(0);
  });

  it('refuses a name of nothing', async () => {
    await expect(runBench(gpu.device, { filters: ['conv9d'], repetitions: 5, host })).rejects.toThrow(
      InputError,
    );
  });
});
