// Windows over neighbouring channels, which lie four to a vec4.
import { unroll } from './unroll.js';

/** How many channels before and behind its own a window covers. */
export type AcrossVariant = {
  before: number;
  after: number;
};

/** vec4s that a window reaches into below and above the one in the middle. */
function reach({ before, after }: AcrossVariant): { below: number; above: number } {
  return { below: Math.ceil(before / 4), above: Math.ceil(after / 4) };
}

/** Declares `${name}0`, `${name}1`, ... for the blocks around `block` and fills all but the last by `load(c)`, c of i32. */
export function startWindow(v: AcrossVariant, name: string, load: (c: string) => string): string {
  const { below, above } = reach(v);
  const blocks = below + above + 1;
  return unroll(
    blocks,
    (i) => `var ${name}${i} = ${i === 0 ? 'vec4f()' : load(`block - ${below + 1 - i}`)};`,
  );
}

/** Moves the window one block on: the middle is then `block`. */
export function moveWindow(v: AcrossVariant, name: string, load: (c: string) => string): string {
  const { below, above } = reach(v);
  const last = below + above;
  return `${unroll(last, (i) => `${name}${i} = ${name}${i + 1};`)}
    ${name}${last} = ${load(`block + ${above}`)};`;
}

/** The block in the middle of the window. */
export function middle(v: AcrossVariant, name: string): string {
  return `${name}${reach(v).below}`;
}

/** For each of the four channels in the middle, the sum of `term` over its window, as one vec4. */
export function acrossSum(v: AcrossVariant, name: string, term: (element: string) => string): string {
  const first = 4 * reach(v).below;
  const shifted = (by: number) => {
    if (by % 4 === 0) return `${name}${(first + by) / 4}`;
    const lanes = Array.from({ length: 4 }, (_, lane) => {
      const at = first + by + lane;
      return `${name}${Math.floor(at / 4)}.${'xyzw'[at % 4]}`;
    });
    return `vec4f(${lanes.join(', ')})`;
  };
  return unroll(v.before + v.after + 1, (i) => term(shifted(i - v.before)), ' + ');
}
