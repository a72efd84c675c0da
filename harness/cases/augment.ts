import { uniform } from '../../src/base/random.js';
import { augment, RECIPE_LENGTH, writeRecipe } from '../../src/kernels/augment.js';
import { augmentReference } from '../../src/reference/augment.js';
import { type CaseParams, family } from './family.js';

/** Recipes that use everything: windows that also leave the picture, strong colours, kernels that sharpen. */
function recipes(
  p: CaseParams,
  n: number,
  h: number,
  w: number,
  height: number,
  width: number,
): Float32Array {
  const [plain, blur] = [p.flag('plain'), p.number('blur', 1)];
  const values = new Float32Array(n * RECIPE_LENGTH);
  for (let i = 0; i < n; i++) {
    const u = (k: number) => uniform(5, 32 * i + k);
    const whole = (k: number, from: number, to: number) => from + Math.floor(u(k) * (to - from + 1));
    const colour = [0, 1, 2].map(
      (c) =>
        [0, 1, 2, 3].map((k) => (plain ? Number(k === c) : 1.5 * (u(8 + 4 * c + k) - 0.3))) as [
          number,
          number,
          number,
          number,
        ],
    );
    writeRecipe(values, i, {
      top: whole(0, plain ? 0 : -2, h - height + (plain ? 0 : 2)),
      left: whole(1, plain ? 0 : -2, w - width + (plain ? 0 : 2)),
      mirrored: i % 2 === 1,
      colour,
      blur: plain || i % 3 === 2 ? [0, 0] : [blur * (u(2) - 0.3), blur * 0.3 * u(3)],
      hidden: {
        rows: [whole(4, 0, height - 1), whole(5, 0, height)],
        columns: [whole(6, 0, width - 1), plain ? 0 : width],
        grey: 0.5,
      },
    });
  }
  return values;
}

export const augmentFamily = family({
  op: augment,
  reference: augmentReference,
  build(p) {
    const [n, h, w] = [p.number('N', 1), p.number('H'), p.number('W')];
    const [height, width] = [p.number('P'), p.number('Q')];
    const image = p.flag('image');
    const recipe = recipes(p, n, h, w, height, width);
    return {
      shapes: { x: image ? [n, 3, h, w] : [n, h, w], recipe: [n, RECIPE_LENGTH] },
      attrs: { height, width },
      values: {
        x: (normal: number, i: number) => (image ? normal : Math.floor(uniform(9, i) * 0x1000000)),
        recipe: (_normal: number, i: number) => recipe[i]!,
      },
    };
  },
  cases: [
    'N=2;H=9;W=11;P=9;Q=11;plain',
    'N=3;H=9;W=11;P=6;Q=7',
    'N=3;H=9;W=11;P=6;Q=7;image',
    'H=1;W=1;P=1;Q=1',
    'N=7;H=20;W=17;P=8;Q=17;blur=0.5',
    'N=4;H=104;W=104;P=96;Q=96',
    'N=2;H=33;W=34;P=12;Q=30;image;plain',
  ],
  gradients: [],
  bench: ['N=96;H=104;W=104;P=96;Q=96', 'N=96;H=104;W=104;P=96;Q=96;plain', 'N=8;H=512;W=512;P=256;Q=256'],
});
