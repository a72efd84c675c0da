import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';
import { uniform } from '../../src/base/random.js';
import {
  headerBytes,
  parseHeader,
  parseSafetensors,
  tensorValues,
  type WritableTensor,
  writeSafetensors,
} from '../../src/nets/safetensors.js';

/** A file from a header given as text or object, and zeros as data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  return file;
}

const sample: Record<string, WritableTensor> = {
  b: { shape: [3], values: Float32Array.of(0.5, -1, 65504), dtype: 'F16' },
  a: { shape: [2, 2], values: Float32Array.of(1, 2.5, -3, 1e-30) },
  c: { shape: [1], values: Float32Array.of(-2), dtype: 'BF16' },
  scalar: { shape: [], values: Float32Array.of(7) },
  empty: { shape: [0, 4], values: new Float32Array(0) },
};

describe('writing and reading', () => {
  it('gives back names, shapes, dtypes, values and metadata', () => {
    const { metadata, tensors } = parseSafetensors(
      writeSafetensors(sample, { z: 'last', a: 'first' }),
      'sample',
    );
    expect(metadata).toEqual({ a: 'first', z: 'last' });
    expect([...tensors.keys()].sort()).toEqual(Object.keys(sample).sort());
    for (const [name, { shape, values, dtype = 'F32' }] of Object.entries(sample)) {
      const tensor = tensors.get(name)!;
      expect(tensor.shape).toEqual(shape);
      expect(tensor.dtype).toBe(dtype);
      expect([...tensorValues(tensor)]).toEqual([...values]);
    }
  });

  it('writes known bytes', () => {
    const bytes = writeSafetensors({ t: { shape: [1], values: Float32Array.of(1) } });
    const json = '{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
    const padded = json.padEnd(56);
    expect(Buffer.from(bytes).toString('latin1')).toBe(`\x38\0\0\0\0\0\0\0${padded}\0\0\x80\x3f`);
  });

  it('does not depend on the order of its input', () => {
    const reversed = new Map(Object.entries(sample).reverse());
    expect(writeSafetensors(reversed, { b: '2', a: '1' })).toEqual(
      writeSafetensors(sample, { a: '1', b: '2' }),
    );
  });

  it('reads tensors at any alignment, and from a Buffer, whose slice would share memory', () => {
    const bytes = writeSafetensors(sample);
    for (const shift of [0, 1, 2, 3]) {
      const moved = Buffer.alloc(bytes.length + shift + 5);
      moved.set(bytes, shift);
      const { tensors } = parseSafetensors(moved.subarray(shift, shift + bytes.length), 'moved');
      const values = tensorValues(tensors.get('a')!);
      expect([...values]).toEqual([...sample.a!.values]);
      values[0] = 99;
      expect(tensorValues(tensors.get('a')!)[0]).toBe(1);
    }
  });

  it('refuses values that do not fill the shape', () => {
    const wrong = { t: { shape: [2, 3], values: new Float32Array(5) } };
    expect(() => writeSafetensors(wrong)).toThrow('t: [2,3] holds 6 values, got 5');
    const reserved = { __metadata__: { shape: [1], values: new Float32Array(1) } };
    expect(() => writeSafetensors(reserved)).toThrow(WeightsError);
  });

  it('parses a header from the first bytes alone', () => {
    const bytes = writeSafetensors(sample);
    const needed = headerBytes(bytes.subarray(0, 8), 'head');
    const header = parseHeader(bytes.subarray(0, needed), 'head', bytes.length);
    expect(header.dataStart).toBe(needed);
    expect(header.entries.get('a')).toEqual({ dtype: 'F32', shape: [2, 2], begin: 0, end: 16 });
    expect(() => parseHeader(bytes.subarray(0, needed - 1), 'head', bytes.length)).toThrow(WeightsError);
  });

  it('keeps names that JavaScript objects treat specially', () => {
    const names = ['__proto__', 'constructor', '1', '0'];
    const tensors = new Map(names.map((name, i) => [name, { shape: [1], values: Float32Array.of(i) }]));
    const read = parseSafetensors(writeSafetensors(tensors), 'names').tensors;
    for (const [i, name] of names.entries()) expect(tensorValues(read.get(name)!)[0], name).toBe(i);
  });
});

describe('broken files', () => {
  const t = (dtype: unknown, shape: unknown, offsets: unknown) => ({
    t: { dtype, shape, data_offsets: offsets },
  });
  const cases: [string, Uint8Array, string][] = [
    ['nothing', new Uint8Array(0), '8 bytes of header length, got 0'],
    [
      'a header length beyond all bounds',
      new Uint8Array(8).fill(255),
      'header length must be 2 to 100000000',
    ],
    [
      'a header longer than the file',
      fileOf('{}  ', 0).subarray(0, 10),
      'header ends at byte 12, the file after 10',
    ],
    ['no JSON', fileOf('{"a":', 0), 'must be JSON'],
    ['no UTF-8', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff), 'must be JSON in UTF-8'],
    ['an array', fileOf('[1]', 0), 'must be a JSON object'],
    ['metadata that is no object', fileOf({ __metadata__: 'x' }, 0), '__metadata__ must map text to text'],
    ['metadata with a number', fileOf({ __metadata__: { n: 1 } }, 0), 'must be text, is number'],
    ['a tensor that is no object', fileOf({ t: 3 }, 0), 'tensor "t": must be an object'],
    ['an unknown dtype', fileOf(t('F128', [1], [0, 16]), 16), 'dtype must be one of'],
    ['a dtype that is a method of objects', fileOf(t('toString', [1], [0, 4]), 4), 'dtype must be one of'],
    [
      'a negative extent',
      fileOf(t('F32', [-1], [0, 4]), 4),
      'shape must list non-negative integers, is [-1]',
    ],
    ['a broken extent', fileOf(t('F32', [1.5], [0, 6]), 6), 'shape must list'],
    ['one offset', fileOf(t('F32', [1], [0]), 4), 'data_offsets must be [begin,end]'],
    ['offsets back to front', fileOf(t('F32', [1], [4, 0]), 4), 'begin <= end'],
    [
      'bytes that do not fit the shape',
      fileOf(t('F32', [2, 3], [0, 20]), 20),
      'F32 [2,3] takes 24 bytes, data_offsets give 20',
    ],
    ['a shape that overflows', fileOf(t('F32', [2 ** 40, 2 ** 40], [0, 4]), 4), 'data_offsets give 4'],
    ['data past the end', fileOf(t('F32', [2], [0, 8]), 4), 'ends at byte 8, the data at 4: file cut short?'],
    ['data that no tensor has', fileOf(t('F32', [1], [0, 4]), 8), 'take 4 bytes, the data section has 8'],
    [
      'an overlap',
      fileOf({ ...t('F32', [2], [0, 8]), u: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }, 8),
      'tensor "u" overlaps the one before: it begins at byte 4, the one before ends at 8',
    ],
    [
      'a hole',
      fileOf({ ...t('F32', [1], [0, 4]), u: { dtype: 'F32', shape: [1], data_offsets: [8, 12] } }, 12),
      'tensor "u" leaves a hole',
    ],
  ];
  for (const [name, bytes, message] of cases) {
    it(`names the rule: ${name}`, () => {
      expect(() => parseSafetensors(bytes, 'file.safetensors')).toThrow(WeightsError);
      expect(() => parseSafetensors(bytes, 'file.safetensors')).toThrow(message);
      expect(() => parseSafetensors(bytes, 'file.safetensors')).toThrow(/^file\.safetensors: [^\n]*$/);
    });
  }

  it('reads integer tensors past, but not as weights', () => {
    const { tensors } = parseSafetensors(fileOf(t('I64', [1], [0, 8]), 8), 'counts');
    expect(() => tensorValues(tensors.get('t')!, 'counts: t')).toThrow(
      'counts: t: dtype must be F32, F16 or BF16, is I64',
    );
  });

  it('survives 300 mutated files with nothing but WeightsError', () => {
    const whole = writeSafetensors(sample, { 'facet.input': '{"channels":"RGB"}' });
    const headerEnd = headerBytes(whole, 'whole');
    let refused = 0;
    for (let round = 0; round < 300; round++) {
      const random = (i: number, below: number) => Math.floor(uniform(round + 1, i) * below);
      let bytes = whole.slice();
      // Mostly in the header, where bytes have meaning; some files also lose or gain a tail.
      for (let k = 0; k <= random(0, 4); k++) bytes[random(10 + k, headerEnd)] = random(20 + k, 256);
      if (round % 10 === 0) bytes = bytes.slice(0, random(30, bytes.length));
      if (round % 10 === 1) bytes = Uint8Array.of(...bytes, 1, 2, 3);
      try {
        const { tensors } = parseSafetensors(bytes, 'fuzz');
        for (const tensor of tensors.values()) tensorValues(tensor);
      } catch (error) {
        refused++;
        if (!(error instanceof WeightsError) || error.message.includes('\n'))
          expect.fail(`round ${round}: ${error}`);
      }
    }
    // Had all passed or all failed, the mutations would test little.
    expect(refused).toBeGreaterThan(150);
    expect(refused).toBeLessThan(300);
  });
});
