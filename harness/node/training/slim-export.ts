// From trained weights to the file that style transfer reads: normalisation folded in, every channel's mean activation 1.

import { floatToHalf, halfToFloat } from '../../../src/base/half.js';
import { tensor } from '../../../src/base/tensor.js';
import type { Device } from '../../../src/gpu/device.js';
import { TensorStore } from '../../../src/gpu/store.js';
import { Program } from '../../../src/graph/program.js';
import { Tape } from '../../../src/graph/tape.js';
import { channelMean } from '../../../src/kernels/channel-mean.js';
import type { FoldedWeights } from '../../../src/nets/fold-batch-norm.js';
import { METADATA, type StyleManifest, type WeightTensor } from '../../../src/nets/manifest.js';
import { Net } from '../../../src/nets/net.js';
import { writeSafetensors } from '../../../src/nets/safetensors.js';
import { divideChannels, SLIM_CONVENTION, SLIM_NET } from '../../../src/training/vgg-slim.js';
import { sha256Of } from '../weights.js';
import { planarOf } from './slim-teacher.js';

/** A net that is fit for use. */
export interface NormalisedNet {
  readonly tensors: Map<string, WeightTensor>;
  /** Least and largest mean activation of a channel that fires at all, and the number of those that never do. */
  readonly least: number;
  readonly largest: number;
  readonly dead: number;
}

/**
 * `net` with each rectified channel's mean over `squares` ([side][side][3] bytes) brought to 1 (Gatys, Ecker and Bethge 2016,
 * section 2, footnote on the normalised network), rounded to f16 where `half`.
 */
export async function normaliseSlim(
  device: Device,
  net: ReadonlyMap<string, FoldedWeights>,
  squares: readonly Uint8Array[],
  side: number,
  manifest: StyleManifest,
  half: boolean,
): Promise<NormalisedNet> {
  const factors = new Map([...net].map(([name, { bias }]) => [name, new Float64Array(bias.length).fill(1)]));
  const layers = [...net.keys()];
  const rounded = () => roundedTensors(divideChannels(net, factors), half);
  const measure = (tensors: Map<string, WeightTensor>, names: readonly string[]) =>
    measureMeans(device, tensors, names, squares, side, manifest);
  const correct = async (names: readonly string[]) => {
    for (const [name, means] of await measure(rounded(), names)) {
      const own = factors.get(name)!;
      for (const [c, mean] of means.entries()) if (mean > 0) own[c]! *= mean;
    }
  };
  await correct(layers);
  // Rounding moves the means again, those of deep layers with all before them: one layer after the other, none of which
  // changes any more.
  for (const name of layers) await correct([name]);
  const tensors = rounded();
  const all = [...(await measure(tensors, layers)).values()].flatMap((values) => [...values]);
  const alive = all.filter((value) => value > 0);
  const dead = all.length - alive.length;
  return { tensors, least: Math.min(...alive), largest: Math.max(...alive), dead };
}

function roundedTensors(net: ReadonlyMap<string, FoldedWeights>, half: boolean): Map<string, WeightTensor> {
  const round = (values: Float64Array) =>
    Float32Array.from(values, (value) => (half ? halfToFloat(floatToHalf(value)) : value));
  return new Map(
    [...net].flatMap(([name, { shape, weight, bias }]): [string, WeightTensor][] => [
      [`${name}.weight`, { shape, values: round(weight) }],
      [`${name}.bias`, { shape: [shape[0]!], values: round(bias) }],
    ]),
  );
}

/** Mean activation of every channel of these layers, over the pictures. */
async function measureMeans(
  device: Device,
  tensors: Map<string, WeightTensor>,
  layers: readonly string[],
  squares: readonly Uint8Array[],
  side: number,
  manifest: StyleManifest,
): Promise<Map<string, Float64Array>> {
  const taps = layers.map((name) => name.replace('conv', 'relu'));
  const store = new TensorStore(device);
  try {
    const source = 'the net in training';
    const loaded = { net: SLIM_NET, tensors, convention: SLIM_CONVENTION, source, sha256: '', manifest };
    const net = new Net(store, loaded, taps);
    const image = store.pin(tensor('picture', [1, 3, side, side], { lifetime: 'pinned' }));
    const tape = new Tape(store.target);
    const features = net.forward(tape, image, taps, { pooling: 'max', padding: 'zero' });
    const means = taps.map((tap) => tape.record(channelMean, `${tap}.mean`, { x: features.get(tap)! }, {}));
    const program = await Program.compile(store, tape.dispatches, { label: 'calibration', keep: means });
    const sums = layers.map((name) => new Float64Array(tensors.get(`${name}.bias`)!.values.length));
    try {
      for (const square of squares) {
        store.write(image, planarOf([square], side));
        program.run();
        for (const [i, values] of (await program.readAll(means)).entries())
          for (const [c, value] of values.entries()) sums[i]![c]! += value / squares.length;
      }
    } finally {
      program.destroy();
    }
    return new Map(layers.map((name, i) => [name, sums[i]!]));
  } finally {
    store.destroy();
  }
}

/** The weights file of a net. */
export function slimFile(
  net: NormalisedNet,
  dtype: 'F16' | 'F32',
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  const tensors = new Map([...net.tensors].map(([name, own]) => [name, { ...own, dtype }]));
  return writeSafetensors(tensors, {
    ...metadata,
    [METADATA.net]: SLIM_NET,
    [METADATA.input]: JSON.stringify(SLIM_CONVENTION),
  });
}

/** The manifest of such a file, after that of the net which comes with the package. */
export function slimManifest(
  base: StyleManifest,
  file: string,
  bytes: Uint8Array,
  net: NormalisedNet,
  dtype: 'F16' | 'F32',
): StyleManifest {
  return {
    ...base,
    sources: [],
    tensors: [...net.tensors].map(([name, { shape }]) => ({ name, shape: [...shape], dtype })),
    embedded: { file, sha256: sha256Of(bytes), bytes: bytes.byteLength },
  };
}
