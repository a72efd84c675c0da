// The task: scale by scale, targets, steps, the picture handed up to the next scale.
import { FacetError, InputError } from '../base/errors.js';
import { fromPlanar, type RgbImage, rgbImage, toPlanar } from '../base/image.js';
import type { Device } from '../gpu/device.js';
import { TensorStore } from '../gpu/store.js';
import type { LoadedWeights } from '../nets/manifest.js';
import { Net } from '../nets/net.js';
import { vggMinimumSide } from '../nets/vgg.js';
import { assertSameRun, type Checkpoint, type RunIdentity } from './checkpoint.js';
import { keepColors, matchColors } from './color.js';
import { mixNoise, noisePicture, styleNoise } from './init.js';
import {
  fitLongSide,
  type PartialStyleOptions,
  resolveOptions,
  type StyleOptions,
  scaleSizes,
  scaleSteps,
} from './options.js';
import { type Region, splitRegions } from './regions.js';
import { resample } from './resample.js';
import { ScaleSession, tapsOf } from './session.js';
import { computeTargets, type Planar, type ScaledStyle } from './targets.js';
import { addLosses, emptyTrace, type StyleTrace } from './trace.js';

/** One style picture; several are blended by weight. */
export interface StyleSource {
  readonly image: RgbImage;
  /** Share relative to the other styles; 1 unless said. */
  readonly weight?: number;
  /** Colours name regions; see `StylizeInput.contentMask`. */
  readonly mask?: RgbImage;
}

export interface StylizeInput {
  readonly device: Device;
  readonly weights: LoadedWeights;
  readonly content: RgbImage;
  /** One style picture, or several to be blended. */
  readonly style: RgbImage | readonly StyleSource[];
  /** Regions of this colour take their style from regions of the same colour in the styles' masks. */
  readonly contentMask?: RgbImage;
  /** Starting picture for `init: 'image'`. */
  readonly initImage?: RgbImage;
  readonly options?: PartialStyleOptions;
  /** Goes on from here, bit-exactly. */
  readonly resume?: Checkpoint;
}

export interface StepEvent {
  /** Steps done, of `total`. */
  readonly step: number;
  readonly total: number;
  readonly scale: {
    readonly index: number;
    readonly count: number;
    readonly width: number;
    readonly height: number;
  };
  /** Steps still to come, this scale's first, with the pixels of each scale: for estimates. */
  readonly remaining: readonly { readonly steps: number; readonly pixels: number }[];
  /** Given every `lossEvery` steps and at the last one. */
  readonly losses?: Readonly<Record<string, number>>;
  /** The result as it would be if the run ended here. */
  snapshot(): Promise<RgbImage>;
  checkpoint(): Promise<Checkpoint>;
}

export interface StylizeHooks {
  /** Called after every step; a promise is awaited. */
  onStep?(event: StepEvent): void | Promise<void>;
  /** Called as work before the first step of a scale goes on. */
  onStage?(stage: string): void;
  /** Ends the run after the current step. */
  readonly signal?: AbortSignal;
  /** Steps between readings of the losses; 10 unless said. */
  readonly lossEvery?: number;
}

export interface StylizeResult {
  readonly image: RgbImage;
  readonly trace: StyleTrace;
  readonly options: StyleOptions;
  readonly steps: number;
  /** True where the signal ended the run early; `checkpoint` goes on from there. */
  readonly aborted: boolean;
  readonly checkpoint: Checkpoint;
}

/**
 * Optimises a picture G that keeps the content of C and takes the style of S (Gatys, Ecker, Bethge, CVPR 2016).
 * Throws InputError for options or pictures that cannot be used, before any GPU work.
 */
export async function stylize(input: StylizeInput, hooks: StylizeHooks = {}): Promise<StylizeResult> {
  const { options, sizes, styles } = checkInput(input);
  const identity = await identify(input);
  if (input.resume) assertSameRun(input.resume.identity, identity);
  const store = new TensorStore(input.device);
  try {
    const net = new Net(store, input.weights, tapsOf(options));
    return await new Run(input, hooks, options, sizes, styles, identity, store, net).go();
  } finally {
    store.destroy();
  }
}

/** What can be known without a GPU; InputError for options or pictures that cannot be used. */
export function checkInput(input: Omit<StylizeInput, 'device'>): {
  options: StyleOptions;
  sizes: { width: number; height: number }[];
  styles: PreparedStyle[];
} {
  const options = input.resume?.options ?? resolveOptions(input.options ?? {}, input.weights);
  const sizes = usableScales(input, options);
  const styles = preparedStyles(input, options);
  if (input.contentMask) splitRegions(input.contentMask, 'content mask');
  return { options, sizes, styles };
}

/** Extents of every scale, the small ones that the net cannot take left out. */
export function usableScales(
  input: Pick<StylizeInput, 'content' | 'weights'>,
  o: StyleOptions,
): { width: number; height: number }[] {
  const { width, height } = input.content;
  const least = vggMinimumSide(input.weights.net, tapsOf(o));
  const all = scaleSizes(o).map((side) => fitLongSide(width, height, side));
  const usable = all.filter((size) => Math.min(size.width, size.height) >= 2 * least);
  const last = all.at(-1)!;
  if (usable.length > 0) return usable;
  if (Math.min(last.width, last.height) >= least) return [last];
  throw new InputError(
    `a ${width}x${height} content picture becomes ${last.width}x${last.height} at size ${o.size}; ` +
      `${tapsOf(o).at(-1)} of ${input.weights.net} needs at least ${least} pixels on each side`,
  );
}

interface PreparedStyle extends Planar {
  readonly share: number;
  readonly regions: readonly Region[] | undefined;
  readonly maskSize: { readonly height: number; readonly width: number } | undefined;
}

function preparedStyles(input: Omit<StylizeInput, 'device'>, o: StyleOptions): PreparedStyle[] {
  const sources: readonly StyleSource[] = 'data' in input.style ? [{ image: input.style }] : input.style;
  if (sources.length === 0) throw new InputError('give at least one style picture');
  if (sources.some((s) => s.mask) && !input.contentMask)
    throw new InputError('a style mask needs a content mask');
  if (input.contentMask && o.styleLoss === 'w2')
    throw new InputError('masks need the style loss gram; w2 has no regions');
  if (o.init === 'image' && !input.initImage && !input.resume)
    throw new InputError('init image needs a picture to start from');
  return sources.map(({ image, weight = 1, mask }, i) => {
    if (!(weight > 0 && Number.isFinite(weight)))
      throw new InputError(`weight of style ${i + 1} must be a positive number, got ${weight}`);
    const matched = o.color.startsWith('match-')
      ? matchColors(image, input.content, o.color === 'match-histogram' ? 'histogram' : 'mean-covariance')
      : image;
    return {
      values: toPlanar(matched),
      width: image.width,
      height: image.height,
      share: weight,
      regions: mask ? splitRegions(mask, `mask of style ${i + 1}`) : undefined,
      maskSize: mask ? { width: mask.width, height: mask.height } : undefined,
    };
  });
}

/** Hashes what a run is made from. */
async function identify(input: StylizeInput): Promise<RunIdentity> {
  const sources: readonly StyleSource[] = 'data' in input.style ? [{ image: input.style }] : input.style;
  const parts: string[] = [];
  const add = async (image: RgbImage | undefined) => {
    if (!image) return parts.push('-');
    const { data } = image;
    const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return parts.push(`${image.width}x${image.height}:${await sha256(bytes)}`);
  };
  await add(input.content);
  await add(input.contentMask);
  for (const source of sources) {
    await add(source.image);
    await add(source.mask);
    parts.push(String(source.weight ?? 1));
  }
  const inputs = await sha256(new TextEncoder().encode(parts.join('|')));
  return { net: input.weights.net, weights: input.weights.sha256, inputs };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The state of one run. */
class Run {
  private readonly trace: StyleTrace;
  private readonly steps: number[];
  private step: number;

  constructor(
    private readonly input: StylizeInput,
    private readonly hooks: StylizeHooks,
    private readonly o: StyleOptions,
    private readonly sizes: readonly { width: number; height: number }[],
    private readonly styles: readonly PreparedStyle[],
    private readonly identity: RunIdentity,
    private readonly store: TensorStore,
    private readonly net: Net,
  ) {
    this.steps = scaleSteps(o.iterations, sizes.length);
    this.step = input.resume?.step ?? 0;
    this.trace = input.resume ? structuredClone(input.resume.trace) : emptyTrace();
  }

  async go(): Promise<StylizeResult> {
    const { resume } = this.input;
    let carried: Carried | undefined;
    for (let index = resume?.scale ?? 0; ; index++) {
      const size = this.sizes[index]!;
      const session = await this.open(index, size);
      try {
        const start = resume && index === resume.scale ? resume.stepInScale : 0;
        if (resume && index === resume.scale) {
          session.writeImage(resume.image);
          session.writeState(resume.state);
        } else {
          session.writeImage(carried ? carried.image : await this.initialPicture(size));
          if (carried) session.writeState(carried.state);
          this.trace.scales.push({ step: this.step, ...size });
        }
        const done = await this.optimise(session, index, start);
        const last = index === this.sizes.length - 1;
        const aborted = this.hooks.signal?.aborted === true && !(last && done === this.steps[index]);
        if (last || aborted) {
          const checkpoint = await this.checkpoint(session, index, done);
          const image = await this.picture(session, size, done);
          return { image, trace: this.trace, options: this.o, steps: this.step, aborted, checkpoint };
        }
        carried = await this.carry(session, size, this.sizes[index + 1]!);
      } finally {
        session.destroy();
      }
    }
  }

  private async open(index: number, size: { width: number; height: number }): Promise<ScaleSession> {
    const stage = (text: string) => this.hooks.onStage?.(`${size.width}x${size.height}: ${text}`);
    stage('measuring content and styles');
    const content = await this.scaledContent(size);
    const styles = await this.scaledStyles(Math.max(size.width, size.height));
    const targets = await computeTargets(this.store, this.net, content, styles, this.o);
    stage('compiling the step');
    return ScaleSession.create(this.store, this.net, size, targets, this.o, (done, total) => {
      if (done === total) stage(`optimising, scale ${index + 1} of ${this.sizes.length}`);
    });
  }

  /** Steps until the scale's share is done or the signal says stop; returns the steps done in this scale. */
  private async optimise(session: ScaleSession, index: number, start: number): Promise<number> {
    const every = this.hooks.lossEvery ?? 10;
    const count = this.steps[index]!;
    const size = this.sizes[index]!;
    let done = start;
    while (done < count && !this.hooks.signal?.aborted) {
      // Adam's bias correction goes on over the scales (its moments do too); L-BFGS starts anew.
      await session.step(this.o.optimizer === 'adam' ? this.step + 1 : done + 1);
      const reading = done % every === 0 || done + 1 === count ? await session.losses() : undefined;
      if (reading) {
        this.assertFinite(reading);
        addLosses(this.trace, this.step, reading);
      }
      this.step++;
      done++;
      const at = done;
      await this.hooks.onStep?.({
        step: this.step,
        total: this.o.iterations,
        scale: { index, count: this.sizes.length, ...size },
        remaining: this.sizes.slice(index).map(({ width, height }, i) => ({
          steps: i === 0 ? count - at : this.steps[index + i]!,
          pixels: width * height,
        })),
        ...(reading ? { losses: reading } : {}),
        snapshot: () => this.picture(session, size, at),
        checkpoint: () => this.checkpoint(session, index, at),
      });
      // A macrotask between steps lets signals and timers through.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return done;
  }

  private assertFinite(losses: Readonly<Record<string, number>>): void {
    const bad = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
    if (bad) {
      throw new FacetError(
        `the loss ${bad[0]} became ${bad[1]} at step ${this.step}: lower the learning rate (${this.o.learningRate}) or the weights`,
      );
    }
  }

  private async checkpoint(session: ScaleSession, scale: number, stepInScale: number): Promise<Checkpoint> {
    return {
      identity: this.identity,
      options: this.o,
      scale,
      ...this.sizes[scale]!,
      stepInScale,
      step: this.step,
      image: await session.readImage(),
      state: await session.readState(),
      trace: structuredClone(this.trace),
    };
  }

  /** The result at a step boundary: the corrected average of iterates where one is kept, then colours and alpha. */
  private async picture(
    session: ScaleSession,
    size: { width: number; height: number },
    done: number,
  ): Promise<RgbImage> {
    let planar = await session.readImage();
    const { averageDecay } = this.o;
    if (averageDecay > 0 && done > 0) {
      const average = (await session.readState()).get('average')!.values;
      const correction = 1 - averageDecay ** done;
      planar = average.map((value) => value / correction);
    }
    const plain = fromPlanar(planar, size.width, size.height);
    const coloured = this.o.color === 'keep' ? keepColors(await this.contentPicture(size), plain) : plain;
    const { alpha, width, height } = this.input.content;
    if (!alpha) return coloured;
    const scaled = await resample(this.store, alpha, [1, 1, height, width], size.height, size.width);
    return rgbImage(size.width, size.height, coloured.data, scaled);
  }

  private async contentPicture(size: { width: number; height: number }): Promise<RgbImage> {
    return fromPlanar((await this.scaled(this.input.content, size)).values, size.width, size.height);
  }

  private async scaled(image: RgbImage, size: { width: number; height: number }): Promise<Planar> {
    const shape = [1, 3, image.height, image.width] as const;
    return { ...size, values: await resample(this.store, toPlanar(image), shape, size.height, size.width) };
  }

  private async scaledContent(size: { width: number; height: number }) {
    const { content, contentMask } = this.input;
    const planar = await this.scaled(content, size);
    if (!contentMask) return planar;
    const regions = splitRegions(contentMask, 'content mask');
    return { ...planar, regions, maskSize: { width: contentMask.width, height: contentMask.height } };
  }

  private async scaledStyles(longSide: number): Promise<ScaledStyle[]> {
    const least = vggMinimumSide(this.input.weights.net, tapsOf(this.o));
    const out: ScaledStyle[] = [];
    for (const style of this.styles) {
      const fitted = fitLongSide(
        style.width,
        style.height,
        Math.max(1, Math.round(longSide * this.o.styleScale)),
      );
      const size = { width: Math.max(least, fitted.width), height: Math.max(least, fitted.height) };
      const values = await resample(
        this.store,
        style.values,
        [1, 3, style.height, style.width],
        size.height,
        size.width,
      );
      out.push({ ...style, ...size, values });
    }
    return out;
  }

  private async initialPicture(size: { width: number; height: number }): Promise<Float32Array> {
    const { o, input } = this;
    const noise = () => noisePicture(size.height, size.width, o.seed);
    switch (o.init) {
      case 'noise':
        return noise();
      case 'style':
        return styleNoise(this.styles[0]!, size.height, size.width, o.seed);
      case 'image':
        return mixNoise((await this.scaled(input.initImage!, size)).values, noise(), o.initNoise);
      case 'content':
        return mixNoise((await this.scaled(input.content, size)).values, noise(), o.initNoise);
    }
  }

  /** Picture and moments at the next scale's size. */
  private async carry(
    session: ScaleSession,
    from: { width: number; height: number },
    to: { width: number; height: number },
  ): Promise<Carried> {
    const shape = [1, 3, from.height, from.width] as const;
    const scale = (values: Float32Array) => resample(this.store, values, shape, to.height, to.width);
    const image = await scale(await session.readImage());
    const state = new Map<string, { values: Float32Array }>();
    if (this.o.optimizer === 'adam') {
      const moments = await session.readState();
      for (const name of ['m', 'v']) state.set(name, { values: await scale(moments.get(name)!.values) });
    }
    return { image, state };
  }
}

interface Carried {
  readonly image: Float32Array;
  readonly state: ReadonlyMap<string, { values: Float32Array }>;
}
