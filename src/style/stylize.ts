// The task: scale by scale, targets, steps, the picture handed up to the next scale.
import { FacetError, InputError } from '../base/errors.js';
import { fromPlanar, type RgbImage, rgbImage, toPlanar } from '../base/image.js';
import { TensorStore } from '../gpu/store.js';
import { Net } from '../nets/net.js';
import { vggMinimumSide } from '../nets/vgg.js';
import { assertSameRun, type Checkpoint, type RunIdentity } from './checkpoint.js';
import { keepColors } from './color.js';
import { assertFits } from './fit.js';
import { mixNoise, noisePicture, styleNoise } from './init.js';
import {
  type CheckedInput,
  checkInput,
  checkPlace,
  identify,
  type Size,
  type StylizeInput,
} from './input.js';
import { activeTaps, fitLongSide, type StyleOptions, scaleSteps } from './options.js';
import { resample } from './resample.js';
import { ScaleSession } from './session.js';
import { computeTargets, type Planar, type ScaledStyle } from './targets.js';
import { addLosses, emptyTrace, type StyleTrace } from './trace.js';

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
 * Before any step it throws InputError for options or pictures that cannot be used, and OutOfMemoryError where
 * the largest scale does not fit the adapter.
 */
export async function stylize(input: StylizeInput, hooks: StylizeHooks = {}): Promise<StylizeResult> {
  const checked = checkInput(input);
  const { lossEvery = 10 } = hooks;
  if (!Number.isInteger(lossEvery) || lossEvery < 1) {
    throw new InputError(`lossEvery must be a positive integer, got ${lossEvery}`);
  }
  const identity = await identify(input);
  if (input.resume) {
    assertSameRun(input.resume.identity, identity);
    checkPlace(input.resume, checked);
  }
  const last = checked.sizes.at(-1)!;
  const styleSizes = checked.styles.map((style) => styleSize(style, last, input, checked.options));
  assertFits(input.device, input.weights, last, styleSizes, checked.options);
  const store = new TensorStore(input.device);
  try {
    const net = new Net(store, input.weights, activeTaps(checked.options));
    return await new Run(input, hooks, checked, identity, store, net).go();
  } finally {
    store.destroy();
  }
}

/** Extents of a style picture for a result of `size`. */
function styleSize(style: Size, size: Size, input: Pick<StylizeInput, 'weights'>, o: StyleOptions): Size {
  const least = vggMinimumSide(input.weights.net, activeTaps(o));
  const longSide = Math.max(1, Math.round(Math.max(size.width, size.height) * o.styleScale));
  const fitted = fitLongSide(style.width, style.height, longSide);
  return { width: Math.max(least, fitted.width), height: Math.max(least, fitted.height) };
}

/** The state of one run. */
class Run {
  private readonly o: StyleOptions;
  private readonly content: Planar;
  private readonly sizes: readonly Size[];
  private readonly trace: StyleTrace;
  private readonly steps: number[];
  /** Pictures much larger than the result, shrunk once instead of for every scale. */
  private readonly reduced = new Map<Planar, Planar>();
  private step: number;

  constructor(
    private readonly input: StylizeInput,
    private readonly hooks: StylizeHooks,
    private readonly checked: CheckedInput,
    private readonly identity: RunIdentity,
    private readonly store: TensorStore,
    private readonly net: Net,
  ) {
    this.o = checked.options;
    this.content = planarOf(input.content);
    this.sizes = checked.sizes;
    this.steps = scaleSteps(this.o.iterations, this.sizes.length);
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
          session.writeState(resume.state, { complete: true });
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

  private async open(index: number, size: Size): Promise<ScaleSession> {
    const stage = (text: string) => this.hooks.onStage?.(`${size.width}x${size.height}: ${text}`);
    stage('measuring content and styles');
    const content = await this.scaledContent(size);
    const styles = await this.scaledStyles(size);
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
  private async picture(session: ScaleSession, size: Size, done: number): Promise<RgbImage> {
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

  private async contentPicture(size: Size): Promise<RgbImage> {
    return fromPlanar((await this.scaled(this.content, size)).values, size.width, size.height);
  }

  private async scaled(picture: Planar, size: Size): Promise<Planar> {
    const source = await this.reduce(picture);
    const shape = [1, 3, source.height, source.width] as const;
    return { ...size, values: await resample(this.store, source.values, shape, size.height, size.width) };
  }

  /** At most twice as large as it will ever be needed. */
  private async reduce(picture: Planar): Promise<Planar> {
    const known = this.reduced.get(picture);
    if (known) return known;
    const last = this.sizes.at(-1)!;
    const enough = 2 * Math.ceil(Math.max(last.width, last.height) * Math.max(1, this.o.styleScale));
    let reduced = picture;
    if (Math.max(picture.width, picture.height) > enough) {
      const size = fitLongSide(picture.width, picture.height, enough);
      const shape = [1, 3, picture.height, picture.width] as const;
      reduced = {
        ...size,
        values: await resample(this.store, picture.values, shape, size.height, size.width),
      };
    }
    this.reduced.set(picture, reduced);
    return reduced;
  }

  private async scaledContent(size: Size) {
    const { contentMask } = this.input;
    const planar = await this.scaled(this.content, size);
    const { regions } = this.checked;
    if (!contentMask || !regions) return planar;
    return { ...planar, regions, maskSize: { width: contentMask.width, height: contentMask.height } };
  }

  private async scaledStyles(size: Size): Promise<ScaledStyle[]> {
    const out: ScaledStyle[] = [];
    for (const style of this.checked.styles) {
      out.push({ ...style, ...(await this.scaled(style, styleSize(style, size, this.input, this.o))) });
    }
    return out;
  }

  private async initialPicture(size: Size): Promise<Float32Array> {
    const { o, input } = this;
    const noise = () => noisePicture(size.height, size.width, o.seed);
    switch (o.init) {
      case 'noise':
        return noise();
      case 'style':
        return styleNoise(this.checked.styles, size.height, size.width, o.seed);
      case 'image':
        return mixNoise((await this.scaled(planarOf(input.initImage!), size)).values, noise(), o.initNoise);
      case 'content':
        return mixNoise((await this.scaled(this.content, size)).values, noise(), o.initNoise);
    }
  }

  /** Picture and moments at the next scale's size. */
  private async carry(session: ScaleSession, from: Size, to: Size): Promise<Carried> {
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

function planarOf(image: RgbImage): Planar {
  return { width: image.width, height: image.height, values: toPlanar(image) };
}
