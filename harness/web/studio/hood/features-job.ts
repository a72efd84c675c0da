// What a layer of the net makes of a picture: its feature maps side by side, and their Gram matrix.
import { toPlanar } from '../../../../src/base/image.js';
import { tensor } from '../../../../src/base/tensor.js';
import { TensorStore } from '../../../../src/gpu/store.js';
import { Program } from '../../../../src/graph/program.js';
import { Tape } from '../../../../src/graph/tape.js';
import { gram } from '../../../../src/kernels/gram.js';
import { Net } from '../../../../src/nets/net.js';
import { vggTaps } from '../../../../src/nets/vgg.js';
import { resample } from '../../../../src/style/resample.js';
import type { WorkerContext } from '../../worker/context.js';
import { type Job, transferring } from '../../worker/messages.js';
import type { Pixels } from '../../worker/stylize-job.js';
import { gramPicture, mapSheet } from './sheet.js';

export interface FeaturesParams {
  readonly net: string;
  readonly picture: Blob;
  readonly name: string;
  /** Longer side in pixels that the net sees. */
  readonly size: number;
  readonly layer: string;
}

export interface Features {
  readonly channels: number;
  /** Of one map. */
  readonly width: number;
  readonly height: number;
  /** Maps in a row of `maps`. */
  readonly columns: number;
  /** All maps, each from its own least (black) to its own largest value (white). */
  readonly maps: Pixels;
  /** [C,C], from no correlation (dark) to the largest (light), by the root of the magnitude. */
  readonly gram: Pixels;
  /** Largest value of each channel. */
  readonly largest: Float32Array;
  /** The Gram matrix's largest entry: sum over places of products, over places and channels. */
  readonly gramLargest: number;
}

/** Layers that can be looked at. */
export function layersOf(net: string): readonly string[] {
  return vggTaps(net);
}

/** The job `hoodFeatures`. InputError where the picture is too small for the layer. */
export function featuresJob(context: WorkerContext): Job<FeaturesParams, never, never, Features> {
  return async ({ net: name, picture, name: where, size, layer }) => {
    const [device, weights, { image }] = await Promise.all([
      context.openDevice(),
      context.weights(name),
      context.picture(picture, where),
    ]);
    const factor = Math.min(1, size / Math.max(image.width, image.height));
    const side = (length: number) => Math.max(1, Math.round(length * factor));
    const [width, height] = [side(image.width), side(image.height)];
    const store = new TensorStore(device);
    try {
      const net = new Net(store, weights, [layer]);
      const shape = [1, 3, image.height, image.width] as const;
      const x = store.pin(
        tensor('picture', [1, 3, height, width], { lifetime: 'pinned' }),
        await resample(store, toPlanar(image), shape, height, width),
      );
      const tape = new Tape(store.target);
      const options = { pooling: 'max', padding: 'zero' } as const;
      const features = net.forward(tape, x, [layer], options).get(layer)!;
      const [, channels, rows, columns] = features.shape as [number, number, number, number];
      const scale = 1 / (rows * columns * channels);
      const products = tape.record(gram, 'gram', { x: features }, { scale });
      const program = await Program.compile(store, tape.dispatches, {
        label: 'features',
        keep: [features, products],
      });
      try {
        program.run();
        const [values, matrix] = await program.readAll([features, products]);
        const sheet = mapSheet(values!, channels, columns, rows);
        const shown = gramPicture(matrix!, channels);
        const result = {
          channels,
          width: columns,
          height: rows,
          columns: sheet.columns,
          maps: sheet.maps,
          gram: shown.picture,
          largest: sheet.largest,
          gramLargest: shown.largest,
        };
        return transferring(result, [sheet.maps.pixels.buffer, shown.picture.pixels.buffer]);
      } finally {
        program.destroy();
      }
    } finally {
      store.destroy();
    }
  };
}
