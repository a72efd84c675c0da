// The face net among the fixed workloads.
import { tensor } from '../../src/base/tensor.js';
import { Tape } from '../../src/graph/tape.js';
import type { WeightTensor } from '../../src/nets/manifest.js';
import { NN4_SMALL2_BLOCKS, type Nn4Poolings, nn4Small2, nn4Small2Pairs } from '../../src/nets/nn4-small2.js';
import { PinnedWeights } from '../../src/nets/pinned-weights.js';
import { type Make, runner, values } from './peer-data.js';

/** nn4.small2 on `count` faces, batch norm folded: all layers in the file's order, [K,C,R,S] then [K], then 128x736. */
export function nn4Of(count: number, poolings: Nn4Poolings): Make {
  return async (store, data) => {
    const layers = [
      ...nn4Small2Pairs().map(({ conv, shape }) => ({ name: conv, shape })),
      { name: 'dense', shape: [128, 736] },
    ];
    const sizes = layers.map(({ shape }) => shape.reduce((a, b) => a * b, 1) + shape[0]!);
    const all = values(
      data,
      'nn4.bin',
      sizes.reduce((a, b) => a + b, 0),
      0.05,
    );
    const tensors = new Map<string, WeightTensor>();
    let at = 0;
    const take = (length: number) => {
      at += length;
      return all.subarray(at - length, at);
    };
    for (const [i, { name, shape }] of layers.entries()) {
      const weight = take(sizes[i]! - shape[0]!);
      const share = poolings === 'definition' && behindMean(name) ? 1 / 3 : 1;
      tensors.set(`${name}.weight`, { shape, values: weight.map((v) => share * v) });
      tensors.set(`${name}.bias`, { shape: [shape[0]!], values: take(shape[0]!) });
    }
    const x = store.pin(
      tensor('x', [count, 3, 96, 96], { lifetime: 'pinned' }),
      values(data, `in_nn4_${count}.bin`, count * 3 * 96 * 96, 1),
    );
    const tape = new Tape(store.device.target);
    const weights = new PinnedWeights(store, tensors, 'nn4.bin');
    return runner(store, tape, nn4Small2(tape, weights, x, poolings).get('embedding')!);
  };
}

/** The other frameworks take the root of the mean over the nine pixels, not of their sum: a third of it. */
function behindMean(layer: string): boolean {
  return NN4_SMALL2_BLOCKS.some(
    ({ name, pool }) => pool.kind === 'l2' && layer === `inception_${name}_pool_conv`,
  );
}
