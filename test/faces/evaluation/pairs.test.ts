import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pairImagePath, parsePairs } from '../../../src/faces/evaluation/pairs.js';

const TWO_FOLDS = [
  '2\t2',
  'Ann\t1\t2',
  'Ben\t3\t14',
  'Ann\t1\tBen\t2',
  'Cid\t1\tDan\t1',
  'Eva\t1\t2',
  'Eva\t2\t3',
  'Ann\t4\tEva\t2',
  'Cid\t1\tBen\t1',
];

describe('pairs files', () => {
  it('the standard form', () => {
    const { folds, perClass, pairs } = parsePairs(`${TWO_FOLDS.join('\n')}\n`);
    expect([folds, perClass, pairs.length]).toEqual([2, 2, 8]);
    expect(pairs[1]).toEqual({
      a: { name: 'Ben', index: 3 },
      b: { name: 'Ben', index: 14 },
      same: true,
      fold: 0,
      line: 3,
    });
    expect(pairs[6]).toEqual({
      a: { name: 'Ann', index: 4 },
      b: { name: 'Eva', index: 2 },
      same: false,
      fold: 1,
      line: 8,
    });
    expect(pairs.map(({ fold }) => fold)).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
    expect(pairImagePath(pairs[1]!.b)).toBe('Ben/Ben_0014');
    expect(pairImagePath({ name: 'A', index: 12345 })).toBe('A/A_12345');
  });

  it('one fold, Windows line ends, a byte order mark, blanks, names with blanks between tabs', () => {
    const { folds, perClass, pairs } = parsePairs('\uFEFF1\r\nAnn Lee\t1\t2\r\nAnn Lee\t1\tBen\t2\r\n\r\n');
    expect([folds, perClass]).toEqual([1, 1]);
    expect(pairs[0]!.a.name).toBe('Ann Lee');
    expect(parsePairs('1 1\nAnn  1 2\nAnn 1 Ben 2').pairs[1]!.b).toEqual({ name: 'Ben', index: 2 });
  });

  const broken = (line: number, content: string) =>
    TWO_FOLDS.map((old, i) => (i === line - 1 ? content : old)).join('\n');

  it.each([
    ['an empty file', '', /^p:1: the first line must be "folds pairs-per-class" such as "10 300", got ""$/],
    ['no header', 'Ann\t1\t2', /^p:1: the first line must be/],
    ['a header of three', '1 2 3', /^p:1: /],
    ['a fold of none', '0 300', /^p:1: /],
    ['too few lines', TWO_FOLDS.slice(0, -1).join('\n'), /^p: line 1 promises 2 x 2 x 2 = 8 pairs, got 7$/],
    ['too many lines', [...TWO_FOLDS, 'x'].join('\n'), /= 8 pairs, got 9$/],
    [
      'four fields among the same',
      broken(3, 'Ann\t1\tBen\t2'),
      /^p:3: "name i j" \(same person\) must have 3 fields here, got 4: /,
    ],
    [
      'three fields among the different',
      broken(8, 'Ann\t1\t2'),
      /^p:8: "name1 i name2 j" .* must have 4 fields here, got 3/,
    ],
    ['an empty line', broken(5, ''), /^p:5: .* got 1: ""$/],
    [
      'a number that is none',
      broken(2, 'Ann\t1\ttwo'),
      /^p:2: the number of a picture must be an integer from 0, got "two"$/,
    ],
    ['a negative number', broken(2, 'Ann\t1\t-2'), /^p:2: the number/],
    [
      'the same picture twice',
      broken(2, 'Ann\t2\t2'),
      /^p:2: a picture cannot be paired with itself: Ann\/Ann_0002$/,
    ],
    ['the same person as different', broken(4, 'Ann\t1\tAnn\t2'), /^p:4: .* two names, got Ann twice$/],
    [
      'a name that is a path',
      broken(4, '../Ann\t1\tBen\t2'),
      /^p:4: a name must be the name of a folder, got "..\/Ann"$/,
    ],
  ])('refuses %s', (_, text, message) => expect(() => parsePairs(text, 'p')).toThrow(message));
});

const shared = resolve(process.env.FACET_SHARED ?? '../shared', 'lfw-eval');

describe.skipIf(!existsSync(join(shared, 'pairs.txt')))('pairs of LFW', () => {
  it('are read, and every picture is there', () => {
    const { folds, perClass, pairs } = parsePairs(readFileSync(join(shared, 'pairs.txt'), 'utf8'));
    expect([folds, perClass, pairs.length]).toEqual([2, 300, 1200]);
    for (const pair of pairs) {
      for (const image of [pair.a, pair.b]) {
        expect(existsSync(join(shared, 'aligned96', `${pairImagePath(image)}.jpg`))).toBe(true);
      }
    }
  });
});
