// Lists of pairs in the form of Labeled Faces in the Wild (Huang et al., 2007): pairs.txt and files like it.
import { InputError } from '../../base/errors.js';

/** One picture of one person: the file NAME/NAME_0001.ext for index 1. */
export interface PairImage {
  readonly name: string;
  readonly index: number;
}

/** Two pictures and whether they show the same person. */
export interface Pair {
  readonly a: PairImage;
  readonly b: PairImage;
  readonly same: boolean;
  /** Number of the fold, from 0. */
  readonly fold: number;
  /** Line of the file, from 1. */
  readonly line: number;
}

/** Pairs of pictures in folds, as LFW's pairs.txt lists them. */
export interface PairList {
  readonly folds: number;
  /** Pairs of the same person in each fold, and as many of different people. */
  readonly perClass: number;
  /** In the file's order. */
  readonly pairs: readonly Pair[];
}

/**
 * Reads a pairs file. The first line is `folds n` (`10 300`), or `n` alone for one fold (LFW's pairsDevTrain.txt); each
 * fold has n lines `name i j` of one person, then n lines `name1 i name2 j` of two. Fields are parted by tabs, or by
 * blanks where a line has no tab, so that names may contain blanks. `source` stands in errors, which name the line.
 */
export function parsePairs(text: string, source = 'pairs'): PairList {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  while (lines.length > 0 && lines.at(-1)!.trim() === '') lines.pop();
  const { folds, perClass } = parseHeader(lines[0] ?? '', source);
  const expected = 2 * folds * perClass;
  if (lines.length - 1 !== expected) {
    throw new InputError(
      `${source}: line 1 promises ${folds} x 2 x ${perClass} = ${expected} pairs, got ${lines.length - 1}`,
    );
  }
  const pairs = lines.slice(1).map((content, i): Pair => {
    const line = i + 2;
    const same = i % (2 * perClass) < perClass;
    const fold = Math.floor(i / (2 * perClass));
    return { ...parseLine(content, same, `${source}:${line}`), same, fold, line };
  });
  return { folds, perClass, pairs };
}

/** Path of a picture in LFW's folders, without extension: `Ann_Veneman/Ann_Veneman_0003`. */
export function pairImagePath({ name, index }: PairImage): string {
  return `${name}/${name}_${String(index).padStart(4, '0')}`;
}

function parseHeader(line: string, source: string): { folds: number; perClass: number } {
  const fields = line.trim().split(/\s+/);
  const counts = fields.map(Number);
  const valid = fields.every((field) => /^[1-9]\d*$/.test(field)) && counts.every(Number.isSafeInteger);
  if (!valid || fields.length > 2) {
    throw new InputError(
      `${source}:1: the first line must be "folds pairs-per-class" such as "10 300", got "${excerpt(line)}"`,
    );
  }
  return counts.length === 2
    ? { folds: counts[0]!, perClass: counts[1]! }
    : { folds: 1, perClass: counts[0]! };
}

function parseLine(content: string, same: boolean, where: string): { a: PairImage; b: PairImage } {
  const fields = content.includes('\t')
    ? content.split('\t').map((f) => f.trim())
    : content.trim().split(/\s+/);
  const wanted = same ? 3 : 4;
  if (fields.length !== wanted) {
    const form = same ? '"name i j" (same person)' : '"name1 i name2 j" (different people)';
    throw new InputError(
      `${where}: ${form} must have ${wanted} fields here, got ${fields.length}: "${excerpt(content)}"`,
    );
  }
  const [a, b] = same
    ? [image(fields[0]!, fields[1]!, where), image(fields[0]!, fields[2]!, where)]
    : [image(fields[0]!, fields[1]!, where), image(fields[2]!, fields[3]!, where)];
  if (same && a.index === b.index) {
    throw new InputError(`${where}: a picture cannot be paired with itself: ${pairImagePath(a)}`);
  }
  if (!same && a.name === b.name) {
    throw new InputError(`${where}: a pair of different people must have two names, got ${a.name} twice`);
  }
  return { a, b };
}

function image(name: string, index: string, where: string): PairImage {
  if (!/^\d{1,9}$/.test(index)) {
    throw new InputError(
      `${where}: the number of a picture must be an integer from 0, got "${excerpt(index)}"`,
    );
  }
  // The name becomes a path below the user's folder, and must not lead out of it.
  if (name === '' || name === '.' || name === '..' || /[/\\]/.test(name)) {
    throw new InputError(`${where}: a name must be the name of a folder, got "${excerpt(name)}"`);
  }
  return { name, index: Number(index) };
}

function excerpt(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
