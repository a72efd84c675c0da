import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/base/errors.js';
import { mergeChoices } from '../../src/gpu/choices.js';
import type { AdapterReport } from '../../src/gpu/device.js';
import { presetFor, TUNING_PRESETS } from '../../src/gpu/presets.js';
import {
  emptyTable,
  encodeTable,
  isSameAdapter,
  parseTable,
  type TuningEntry,
  tableChoices,
  tableKey,
  withEntries,
} from '../../src/gpu/tuning-table.js';

const report: AdapterReport = {
  vendor: 'mesa',
  architecture: '',
  device: 'llvmpipe (LLVM 15.0.6, 256 bits)',
  description: 'llvmpipe: Mesa 25.0.7',
  features: [],
  limits: {},
  subgroupMinSize: 8,
  subgroupMaxSize: 8,
  software: true,
};
const entry = (bucket: string, choice: string, family = 'conv2d'): TuningEntry => ({
  family,
  bucket,
  choice,
  default: 'direct',
  ms: { direct: 2, [choice]: 1 },
});
const dawn = (version: string, facetVersion = '1.0.0') => ({
  gpuVersion: `dawn.node ${version}`,
  facetVersion,
});
const empty = emptyTable(report, dawn('1'));

describe('choices laid over each other', () => {
  it('go bucket by bucket, and in one order', () => {
    const merged = mergeChoices({ b: { y: '1', x: '1' } }, { b: { y: '2' }, a: { z: '3' } });
    expect(JSON.stringify(merged)).toBe('{"a":{"z":"3"},"b":{"x":"1","y":"2"}}');
    expect(mergeChoices(undefined, undefined)).toEqual({});
  });
  it('with a * for every bucket that was named before', () => {
    expect(mergeChoices({ a: { x: '1' } }, { a: { '*': '2' } })).toEqual({ a: { '*': '2' } });
    expect(mergeChoices({ a: { '*': '2' } }, { a: { x: '1' } })).toEqual({ a: { '*': '2', x: '1' } });
  });
});

describe('a table', () => {
  it('takes entries in the place of those of the same bucket, and says what to take', () => {
    const first = withEntries(empty, [
      entry('b', 'tiled'),
      entry('a', 'direct'),
      entry('a', 'split', 'gram'),
    ]);
    const table = withEntries(first, [entry('b', 'winograd4')]);
    expect(table.entries.map((e) => [e.family, e.bucket, e.choice])).toEqual([
      ['conv2d', 'a', 'direct'],
      ['conv2d', 'b', 'winograd4'],
      ['gram', 'a', 'split'],
    ]);
    expect(tableChoices(table)).toEqual({ conv2d: { a: 'direct', b: 'winograd4' }, gram: { a: 'split' } });
    expect(tableChoices(empty)).toEqual({});
  });

  it('comes back from its text', () => {
    const table = withEntries(empty, [{ ...entry('b', 'tiled'), rejected: { matrix: 'gives NaN' } }]);
    expect(parseTable(encodeTable(table), 'here')).toEqual(table);
  });

  it.each([
    ['', 'here: is not JSON'],
    ['{"format":1', 'here: is not JSON'],
    ['[]', /^here: is no tuning table: the whole: /],
    [{ ...empty, format: 2 }, /^here: is no tuning table: format: /],
    [{ ...empty, more: 1 }, /^here: is no tuning table: the whole: .*more/],
    [{ ...empty, runtime: undefined }, /^here: is no tuning table: runtime: /],
    [
      { ...empty, entries: [entry('*', 'tiled')] },
      'here: is no tuning table: entries.0.bucket: a measurement stands for one bucket',
    ],
    [
      { ...empty, entries: [{ ...entry('a', 'tiled'), choice: 'other' }] },
      'here: is no tuning table: entries.0: the choice was not measured',
    ],
    [
      { ...empty, entries: [{ ...entry('a', 'tiled'), ms: { tiled: -1 } }] },
      /^here: is no tuning table: entries\.0\.ms\.tiled: /,
    ],
  ])('is refused where it is none: %j', (given, message) => {
    const parse = () => parseTable(typeof given === 'string' ? given : JSON.stringify(given), 'here');
    expect(parse).toThrow(InputError);
    expect(parse).toThrow(message);
  });

  it('is kept by adapter, driver, runtime and version of Facet', () => {
    const others = [
      emptyTable({ ...report, vendor: 'other' }, dawn('1')),
      emptyTable({ ...report, architecture: 'other' }, dawn('1')),
      emptyTable({ ...report, device: 'other' }, dawn('1')),
      emptyTable({ ...report, description: 'llvmpipe: Mesa 25.0.8' }, dawn('1')),
      emptyTable(report, dawn('2')),
      // Kernels change with the version: what was fastest may not be.
      emptyTable(report, dawn('1', '1.1.0')),
      parseTable(JSON.stringify({ ...empty, facet: undefined }), 'of before it was told'),
    ];
    expect(new Set([empty, ...others].map(tableKey)).size).toBe(8);
    for (const other of others) expect(isSameAdapter(empty, other)).toBe(false);
    expect(isSameAdapter(empty, withEntries(empty, [entry('a', 'tiled')]))).toBe(true);
    expect(tableKey(emptyTable({ ...report, limits: { x: 1 } }, dawn('1')))).toBe(tableKey(empty));
    expect(tableKey(empty)).toMatch(/^llvmpipe-mesa-25-0-7-[0-9a-f]{16}$/);
    const nameless = emptyTable({ ...report, vendor: '', device: '', description: '' }, dawn(''));
    expect(tableKey(nameless)).toMatch(/^adapter-[0-9a-f]{16}$/);
  });
});

describe('presets', () => {
  const like = (description: string, rest: Partial<AdapterReport> = {}) =>
    presetFor({ ...report, vendor: '', device: '', software: false, description, ...rest }).name;

  it.each([
    ['llvmpipe: Mesa 25.0.7 (LLVM 15)', { software: true }, 'llvmpipe'],
    ['SwiftShader driver-5.0.0', { software: true }, 'swiftshader'],
    ['Microsoft Basic Render Driver', { software: true }, 'software'],
    ['NVIDIA: 550.54', { vendor: 'nvidia' }, 'nvidia'],
    ['', { vendor: 'nvidia', architecture: 'ampere' }, 'nvidia'],
    ['Metal driver', { vendor: 'apple', architecture: 'metal-3' }, 'apple'],
    ['Intel open-source Mesa driver', { vendor: 'intel', architecture: 'gen-12lp' }, 'intel'],
    ['radv: Mesa 24', { vendor: 'amd', architecture: 'rdna-3' }, 'amd'],
    ['', { vendor: 'qualcomm', architecture: 'adreno-7xx' }, 'gpu'],
  ])('%s %j: %s', (description, rest, name) => expect(like(description, rest)).toBe(name));

  it('have names of their own, and one fits any adapter', () => {
    const names = TUNING_PRESETS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(TUNING_PRESETS.at(-1)!.matches(report)).toBe(true);
  });
});
