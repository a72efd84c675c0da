// Weights and a batch for nn4.small2 that no file holds: what test/fixtures/make-nn4-training.py draws too, by the same hash.
import { uniform } from '../../src/base/random.js';
import { type Shape, sizeOf } from '../../src/base/shape.js';
import type { Tensor } from '../../src/base/tensor.js';
import { RECIPE_LENGTH, writeRecipe } from '../../src/kernels/augment.js';
import { NN4_SMALL2_SIDE, nn4Small2Pairs } from '../../src/nets/nn4-small2.js';
import { firstRunning } from '../../src/training/conv-norm.js';
import { initialValues } from '../../src/training/initialise.js';
import { nn4Small2Specs } from '../../src/training/nn4-small2.js';
import { drawRecipe, NO_VARIATION } from '../../src/training/recipes.js';
import { TrainableWeights, type Values, type WeightSpec } from '../../src/training/weights.js';

const SIDE = NN4_SMALL2_SIDE;

/** The net's weights with one in `share` of the channels of every layer but the input's. */
export function drawnSpecs(share: number): WeightSpec[] {
  const thin = (channels: number) => (channels === 3 ? 3 : Math.max(1, Math.floor(channels / share)));
  const shapeOf = (name: string, shape: Shape) => {
    if (name.endsWith('.running')) return [2, thin(shape[1]!)];
    return shape.map((extent, axis) => (axis < 2 ? thin(extent) : extent));
  };
  return nn4Small2Specs().map((spec) => ({ ...spec, shape: shapeOf(spec.name, spec.shape) }));
}

/** For `drawnSpecs`: the net asks for the last layer by its released shape. */
export class ThinWeights extends TrainableWeights {
  override get(name: string): Tensor {
    return super.get(name);
  }
}

/** First values: kernels as in training; gammas and betas are not 1 and 0, which would hide that factors are exchanged. */
export function drawnWeights(specs: readonly WeightSpec[], seed: number): Map<string, Values> {
  const norms = new Map(nn4Small2Pairs().map(({ norm }, i) => [norm, i]));
  const drawn = ({ name, shape, init }: WeightSpec): Float32Array => {
    const [, layer, part] = /^(.*)\.(\w+)$/.exec(name)!;
    const uniforms = (stream: number) =>
      Float32Array.from({ length: sizeOf(shape) }, (_, i) => 0.5 * uniform(stream, i) - 0.25);
    const at = norms.get(layer!);
    if (part === 'running') return firstRunning(shape[1]!);
    if (at !== undefined && part === 'weight') return uniforms(1000 + at).map((value) => 1 + value);
    if (at !== undefined) return uniforms(2000 + at);
    return name === 'dense.bias' ? uniforms(3000) : initialValues(name, shape, init, seed);
  };
  return new Map(specs.map((spec) => [spec.name, { shape: spec.shape, values: drawn(spec) }]));
}

/** Inputs of `recordFaceTraining`: patches of 8 px that a person's pictures share, patches of their own, and grain. */
export function drawnBatch(labels: readonly number[], dimension: number) {
  const N = labels.length;
  const crops = new Float32Array(N * SIDE * SIDE);
  const recipe = new Float32Array(N * RECIPE_LENGTH);
  const size = { height: SIDE, width: SIDE };
  for (const [n, label] of labels.entries()) {
    writeRecipe(recipe, n, drawRecipe(NO_VARIATION, size, size, 0, n));
    for (let h = 0; h < SIDE; h++)
      for (let w = 0; w < SIDE; w++)
        for (let c = 0; c < 3; c++) {
          const patch = (c * 12 + Math.floor(h / 8)) * 12 + Math.floor(w / 8);
          const grain = (c * SIDE + h) * SIDE + w;
          const value =
            0.4 * uniform(10 + label, patch) + 0.3 * uniform(20 + n, patch) + 0.3 * uniform(30 + n, grain);
          crops[(n * SIDE + h) * SIDE + w]! += Math.floor(256 * value) * 256 ** c;
        }
  }
  const teacher = Float32Array.from({ length: N * dimension }, (_, i) => 2 * uniform(40, i) - 1);
  return { crops, recipe, labels, teacher };
}
