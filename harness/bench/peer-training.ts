// A whole step of a training among the fixed workloads.
import { uniform } from '../../src/base/random.js';
import { RECIPE_LENGTH, writeRecipe } from '../../src/kernels/augment.js';
import { NN4_SMALL2_SIDE } from '../../src/nets/nn4-small2.js';
import { FACE_LOSS_DEFAULTS, faceInputs, recordFaceTraining } from '../../src/training/face-graph.js';
import { beginNn4Small2, nn4Small2Specs } from '../../src/training/nn4-small2.js';
import { drawRecipe, NO_VARIATION } from '../../src/training/recipes.js';
import { Trainer } from '../../src/training/trainer.js';
import { TrainableWeights } from '../../src/training/weights.js';
import type { Make } from './peer-data.js';

const SIDE = NN4_SMALL2_SIDE;
const SEED = 5;

/**
 * nn4.small2 learns by semi-hard triplets from one batch of `people` times `pictures`: forward, backward, AdamW. Everything is
 * drawn by the hash of src/base/random.ts, which harness/bench/peers/torch-nn4-training.py has too. Each run gives the loss.
 */
export function nn4TrainingOf(people: number, pictures: number): Make {
  return async (store) => {
    const N = people * pictures;
    const weights = new TrainableWeights(store, nn4Small2Specs(), SEED);
    beginNn4Small2(store, weights);
    const losses = { ...FACE_LOSS_DEFAULTS, loss: 'triplet', mine: 'semi-hard' } as const;
    const trainer = await Trainer.create(store, weights, recordFaceTraining(losses), {
      inputs: faceInputs(N, SIDE, 'triplet'),
      schedule: { kind: 'constant', rate: 1e-3, warmup: 0 },
      weightDecay: 1e-2,
      seed: SEED,
    });
    const size = { height: SIDE, width: SIDE };
    const recipe = new Float32Array(N * RECIPE_LENGTH);
    for (let n = 0; n < N; n++) writeRecipe(recipe, n, drawRecipe(NO_VARIATION, size, size, SEED, n));
    const byte = (n: number, c: number, pixel: number) =>
      Math.floor(
        128 * (uniform(100 + Math.floor(n / pictures), 3 * pixel + c) + uniform(200 + n, 3 * pixel + c)),
      );
    const crops = Float32Array.from({ length: N * SIDE * SIDE }, (_, i) => {
      const [n, pixel] = [Math.floor(i / (SIDE * SIDE)), i % (SIDE * SIDE)];
      return byte(n, 0, pixel) + 256 * byte(n, 1, pixel) + 65536 * byte(n, 2, pixel);
    });
    const labels = Float32Array.from({ length: N }, (_, n) => Math.floor(n / pictures));
    return async () => {
      await trainer.step({ crops, recipe, labels });
      return Float32Array.of((await trainer.report()).loss);
    };
  };
}
