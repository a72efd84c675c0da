// Training pictures varied at random: a batch in one dispatch, each sample by a recipe of its own.
import { type AugmentVariant, augmentForward } from '../../shaders/augment_forward.wgsl.js';
import { ShapeError } from '../base/errors.js';
import { HALO } from '../base/layout.js';
import { ceilDiv, formatShape, type Shape, sizeOf } from '../base/shape.js';
import { dispatch, type KernelSpec } from '../gpu/kernel.js';
import { imageGrid } from './image-grid.js';
import type { OpSpec } from './op.js';

/** Size of the result. */
export interface AugmentAttrs {
  readonly height: number;
  readonly width: number;
}

/** Numbers of a recipe: see `Recipe` and `writeRecipe`. */
export const RECIPE_LENGTH = 24;

/** What becomes of one sample; pixels are those of the result unless said. */
export interface Recipe {
  /** First row and column of the window in x. */
  readonly top: number;
  readonly left: number;
  /** Left and right exchanged. */
  readonly mirrored: boolean;
  /** Rows of (red, green, blue, offset), applied to values in 0..1; the result is clamped to that. */
  readonly colour: readonly (readonly [number, number, number, number])[];
  /** Weights of the pixels one and two away along each axis; what is left to 1 is the weight of the pixel itself. */
  readonly blur: readonly [number, number];
  /** Rows and columns that are overwritten, ends excluded, and with which grey. Empty where the ends are 0. */
  readonly hidden: {
    readonly rows: readonly [number, number];
    readonly columns: readonly [number, number];
    readonly grey: number;
  };
}

/** Puts a recipe into row `n` of an array [N,24]. */
export function writeRecipe(to: Float32Array, n: number, r: Recipe): void {
  to.set(
    [
      ...[r.top, r.left, r.mirrored ? 1 : 0, r.hidden.grey],
      ...r.colour.flat(),
      ...[...r.blur, 0, 0],
      ...[r.hidden.rows[0], r.hidden.columns[0], r.hidden.rows[1], r.hidden.columns[1]],
    ],
    n * RECIPE_LENGTH,
  );
}

/** Window, blur, colour, hidden rectangle. */
export const augmentForwardKernel: KernelSpec<AugmentVariant> = {
  name: 'augment_forward',
  bindings: () => ({ x: 'read', recipe: 'read', y: 'read_write' }),
  params: { H: 'u32', W: 'u32', pitch: 'u32', P: 'u32', Q: 'u32' },
  shader: augmentForward,
  variants: [{ packed: true }, { packed: false }],
};

/**
 * x, pictures of one size, as [N,H,W] with red + 256 green + 65536 blue of 8 bits each (whole numbers that f32 holds
 * exactly) or as an image [N,3,H,W] of 0..1, and recipe [N,24] (`writeRecipe`) -> y [N,3,height,width] in 0..1. A window
 * that leaves x sees its edge repeated. No gradients: what is varied is data.
 */
export const augment: OpSpec<AugmentAttrs> = {
  name: 'augment',
  inputs: ['x', 'recipe'],
  saves: [],
  output: (shapes, attrs, where) => ({
    shape: outputShape(shapes.x!, shapes.recipe!, attrs, `augment at ${where}`),
    layout: 'image',
  }),
  forward(t, _attrs, ctx) {
    const label = `augment:forward at ${ctx.where}`;
    const packed = t.x!.shape.length === 3;
    const [H, W] = t.x!.shape.slice(-2) as [number, number];
    const [N, , P, Q] = t.y!.shape as unknown as [number, number, number, number];
    const pitch = packed ? 4 * ceilDiv(W, 4) : W + 2 * HALO;
    return [
      dispatch(
        augmentForwardKernel,
        { packed },
        label,
        { x: t.x!, recipe: t.recipe!, y: t.y! },
        { H, W, pitch, P, Q },
        imageGrid(label, ctx.target, Q, P, N),
      ),
    ];
  },
  backward: {},
  cost(shapes, { height, width }) {
    const y = [shapes.x![0]!, 3, height, width];
    return { flops: 20 * sizeOf(y), bytes: 4 * (sizeOf(shapes.x!) + sizeOf(y)) };
  },
};

function outputShape(x: Shape, recipe: Shape, { height, width }: AugmentAttrs, where: string): Shape {
  const given = `x ${formatShape(x)}, recipe ${formatShape(recipe)}`;
  if (!(x.length === 3 || (x.length === 4 && x[1] === 3)))
    throw new ShapeError(`${where}: x must be [N,H,W] or [N,3,H,W]; ${given}`);
  if (recipe.length !== 2 || recipe[0] !== x[0] || recipe[1] !== RECIPE_LENGTH)
    throw new ShapeError(`${where}: recipe must be [${x[0]},${RECIPE_LENGTH}]; ${given}`);
  for (const [name, extent, whole] of [
    ['height', height, x.at(-2)!],
    ['width', width, x.at(-1)!],
  ] as const) {
    if (!Number.isInteger(extent) || extent < 1 || extent > whole)
      throw new ShapeError(
        `${where}: ${name} must be a whole number from 1 to ${whole}, got ${extent}; ${given}`,
      );
  }
  return [x[0]!, 3, height, width];
}
