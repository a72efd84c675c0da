// Features and statistics of pictures that are too large to be measured in one piece.
import { tensor } from '../../base/tensor.js';
import type { TensorStore } from '../../gpu/store.js';
import { Program } from '../../graph/program.js';
import { Tape } from '../../graph/tape.js';
import type { Net } from '../../nets/net.js';
import type { StyleOptions } from '../options.js';
import type { Planar } from '../targets.js';
import { pasteCore } from './cut.js';
import { layerExtents, layerView, type Tiling, windowsOf } from './partition.js';
import { type GramTerm, GuidanceWindows, recordStatistics, StatisticsPass } from './statistics.js';
import { moveTo, WindowFeatures } from './window.js';

/** A layer's values with their shape. */
export interface Measured {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The whole picture's features [1,C,h,w] by layer, put together from the cores of its windows. */
export async function tiledFeatures(
  store: TensorStore,
  net: Net,
  picture: Planar,
  tiling: Tiling,
  layers: readonly string[],
  o: StyleOptions,
): Promise<Map<string, Measured>> {
  const image = pinPicture(store, picture);
  try {
    const tape = new Tape(store.target);
    const features = new WindowFeatures(tape, net, image, tiling, layers, o);
    const parts = layers.map((layer) => features.all(layer));
    const program = await Program.compile(store, tape.dispatches, {
      label: 'features of a tile',
      keep: parts,
    });
    try {
      const out = new Map<string, Measured>();
      for (const [i, layer] of layers.entries()) {
        const { height, width } = layerExtents(net.name, layer, picture);
        const channels = parts[i]!.shape[1]!;
        const values = new Float32Array(channels * height * width);
        out.set(layer, { shape: [1, channels, height, width], values });
      }
      for (const window of windowsOf(tiling)) {
        moveTo(program, net.name, features.masked, window, false);
        program.run();
        for (const [i, layer] of layers.entries()) {
          const part = parts[i]!;
          const [, , h, w] = part.shape as unknown as [number, number, number, number];
          const whole = layerExtents(net.name, layer, picture);
          const view = layerView(net.name, layer, window);
          const values = await program.read(part);
          pasteCore(out.get(layer)!.values, whole, view, { height: h, width: w }, values);
        }
      }
      return out;
    } finally {
      program.destroy();
    }
  } finally {
    store.release(image);
  }
}

/** The whole picture's Gram matrices [C,C] by term name. */
export async function tiledGrams(
  store: TensorStore,
  net: Net,
  picture: Planar,
  tiling: Tiling,
  terms: readonly GramTerm[],
  o: StyleOptions,
): Promise<Map<string, Measured>> {
  const image = pinPicture(store, picture);
  const guidance = new GuidanceWindows(store);
  try {
    const recorded = recordStatistics(store.target, store, net, image, tiling, terms, guidance, o);
    const pass = await StatisticsPass.create(store, net, recorded);
    try {
      for (const window of windowsOf(tiling)) {
        guidance.write(store, net.name, window);
        pass.run(window);
        await store.device.sync();
      }
      const out = new Map<string, Measured>();
      for (const [name, t] of pass.sums) out.set(name, { shape: t.shape, values: await store.read(t) });
      return out;
    } finally {
      pass.destroy();
    }
  } finally {
    guidance.release();
    store.release(image);
  }
}

function pinPicture(store: TensorStore, { height, width, values }: Planar) {
  return store.pin(tensor('picture', [1, 3, height, width], { lifetime: 'pinned' }), values);
}
