// The net on one window of a picture, recorded once and moved from window to window.
import type { Shape } from '../../base/shape.js';
import type { Tensor } from '../../base/tensor.js';
import type { Program } from '../../graph/program.js';
import type { Tape } from '../../graph/tape.js';
import { crop2d } from '../../kernels/crop2d.js';
import { rectMask, rectMaskLabels } from '../../kernels/rect-mask.js';
import type { Net } from '../../nets/net.js';
import type { StyleOptions } from '../options.js';
import { layerView, type Tiling, type Window } from './partition.js';

const CROP = 'window';
const coreOf = (layer: string) => `core:${layer}`;

/** A window's picture and features on a tape. */
export class WindowFeatures {
  /** [1,3,h,w], cut out of the picture. */
  readonly picture: Tensor;
  private readonly features: ReadonlyMap<string, Tensor>;
  private readonly cores = new Map<string, Tensor>();

  /** Records the net up to `taps` on a window of `image`. */
  constructor(
    private readonly tape: Tape,
    net: Net,
    image: Tensor,
    { rows, columns }: Tiling,
    taps: readonly string[],
    o: StyleOptions,
  ) {
    const attrs = { top: 0, left: 0, height: rows.window, width: columns.window };
    this.picture = tape.record(crop2d, CROP, { x: image }, attrs);
    this.features = net.forward(tape, this.picture, taps, o);
  }

  /** The layer's features of the whole window. */
  all(layer: string): Tensor {
    return this.features.get(layer)!;
  }

  shape(layer: string): Shape {
    return this.all(layer).shape;
  }

  /** The layer's features in the core, zero around it. */
  core(layer: string): Tensor {
    let t = this.cores.get(layer);
    if (!t) {
      const x = this.all(layer);
      const [, , bottom, right] = x.shape as unknown as [number, number, number, number];
      t = this.tape.record(rectMask, coreOf(layer), { x }, { top: 0, left: 0, bottom, right });
      this.cores.set(layer, t);
    }
    return t;
  }

  /** Layers whose cores were asked for. */
  get masked(): string[] {
    return [...this.cores.keys()];
  }
}

/** Moves a program of a window to `window`, from its next run on; `backward` where it holds the masks' gradients. */
export function moveTo(
  program: Program,
  net: string,
  masked: readonly string[],
  window: Window,
  backward: boolean,
): void {
  const { row, column } = window;
  program.setParams(`crop2d:forward at ${CROP}`, { top: row.offset, left: column.offset });
  for (const layer of masked) {
    const { top, left, bottom, right } = layerView(net, layer, window).core;
    const labels = rectMaskLabels(coreOf(layer));
    for (const label of backward ? labels : labels.slice(0, 1)) {
      program.setParams(label, { top, left, bottom, right });
    }
  }
}
