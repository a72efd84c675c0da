// The course's folder of text files, generated: 37 layers are far too many to keep by hand.
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';
import { uniform } from '../../src/base/random.js';
import { nn4CsvFiles, readNn4Csv } from '../../src/nets/nn4-csv.js';
import { foldNn4Small2 } from '../../src/nets/nn4-small2.js';

const files = nn4CsvFiles();
const sizes = new Map(files.map(({ file, shape }) => [file, shape.reduce((a, b) => a * b, 1)]));

/** Numbers of a file; variances are positive, and large files of one number: millions of digits would take long. */
const number = (file: string, i: number) =>
  (file.endsWith('_v.csv') ? 0.5 : -0.5) +
  (sizes.get(file)! > 10_000 ? 0.125 : uniform(file.length + 31 * file.charCodeAt(file.length - 7), i));

const text = (file: string, separator = ',') =>
  Array.from({ length: sizes.get(file)! }, (_, i) => number(file, i)).join(separator);

describe("nn4.small2 from the course's files", () => {
  it('has a file for every tensor', () => {
    expect(files).toHaveLength(37 * 6 + 2);
    expect(files.map(({ file }) => file)).toEqual(
      expect.arrayContaining(['conv1_w.csv', 'bn1_m.csv', 'inception_5b_pool_bn_v.csv', 'dense_w.csv']),
    );
    expect(files.find(({ file }) => file === 'inception_3a_5x5_conv2_w.csv')!.shape).toEqual([32, 16, 5, 5]);
  });

  it('reads commas and lines, and what it reads can be folded', () => {
    const tensors = readNn4Csv((file) => text(file, file.startsWith('bn') ? '\n' : ','), 'folder');
    expect(tensors.size).toBe(files.length);
    for (const { file, tensor, shape } of files.filter((_, i) => i % 17 === 0)) {
      expect(tensors.get(tensor)!.shape).toEqual(shape);
      const last = sizes.get(file)! - 1;
      expect(tensors.get(tensor)!.values[last]).toBe(Math.fround(number(file, last)));
    }
    expect(foldNn4Small2(tensors, 'folder').get('conv1.weight')!.shape).toEqual([64, 3, 7, 7]);
  });

  it.each([
    [
      'a missing file',
      (file: string) => (file === 'bn2_v.csv' ? undefined : text(file)),
      /bn2_v\.csv is missing/,
    ],
    [
      'too few numbers',
      (file: string) => (file === 'conv1_b.csv' ? '1,2,3' : text(file)),
      /conv1_b\.csv must hold 64 numbers for \[64\], it has 3/,
    ],
    [
      'a word',
      (file: string) => (file === 'conv1_b.csv' ? text(file).replace(/^[^,]+/, 'nan') : text(file)),
      /conv1_b\.csv: number 1 must be finite in f32, it is "nan"/,
    ],
    [
      'a number beyond f32',
      (file: string) => (file === 'conv1_b.csv' ? text(file).replace(/^[^,]+/, '1e39') : text(file)),
      /number 1 must be finite in f32, it is "1e39"/,
    ],
  ])('refuses %s', (_, read, message) => {
    expect(() => readNn4Csv(read, 'folder')).toThrow(WeightsError);
    expect(() => readNn4Csv(read, 'folder')).toThrow(message);
  });
});
