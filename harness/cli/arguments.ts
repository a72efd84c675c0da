// Option values from text; every complaint names the option, the rule and what was given.
import { Option } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Precision } from '../../src/gpu/kernel.js';

/** Parser of a whole number for commander. */
export function wholeNumber(option: string): (text: string) => number {
  return (text) => {
    if (!/^[+-]?\d+$/.test(text))
      throw new InputError(`${option} must be a whole number, got ${quoted(text)}`);
    return Number(text);
  };
}

/** Parser of a finite number. */
export function realNumber(option: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value)) throw new InputError(`${option} must be a number, got ${quoted(text)}`);
    return value;
  };
}

/** Parser of one of a few words. */
export function oneOf<T extends string>(option: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (!word) throw new InputError(`${option} must be one of ${words.join(', ')}, got ${quoted(text)}`);
    return word;
  };
}

/** Parser of one of a few words, or a whole number. */
export function wordOrNumber<T extends string>(
  option: string,
  words: readonly T[],
): (text: string) => T | number {
  return (text) => {
    const word = words.find((candidate) => candidate === text);
    if (word !== undefined) return word;
    if (/^[+-]?\d+$/.test(text)) return Number(text);
    throw new InputError(`${option} must be ${words.join(', ')} or a whole number, got ${quoted(text)}`);
  };
}

/** `--precision f32|mixed`, f32 unless given. */
export function precisionOption(): Option {
  return new Option('--precision <precision>', 'f32, or mixed: convolutions may round their factors to f16')
    .argParser(oneOf<Precision>('--precision', ['f32', 'mixed']))
    .default('f32');
}

/** Parser of `relu1_1:2,relu2_1`: weights by layer, 1 unless said. */
export function layerWeights(option: string): (text: string) => Record<string, number> {
  return (text) => {
    const weights: Record<string, number> = {};
    for (const part of text.split(',')) {
      const [layer, weight, ...rest] = part.trim().split(':');
      if (!layer || rest.length > 0)
        throw new InputError(`${option} must be like relu1_1:2,relu2_1, got ${quoted(text)}`);
      if (layer in weights) throw new InputError(`${option} names ${layer} twice`);
      weights[layer] = weight === undefined ? 1 : realNumber(`${option} ${layer}`)(weight);
    }
    return weights;
  };
}

/** Parser of `1,2.5`: a list of numbers. */
export function numberList(option: string): (text: string) => number[] {
  return (text) => text.split(',').map((part) => realNumber(option)(part));
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
