// The task: scale by scale, targets, steps, the picture handed up to the next scale.
import { FacetError, InputError } from '../base/errors.js';
import { fromPlanar, type RgbImage, rgbImage } from '../base/image.js';
import type { Choices } from '../gpu/choices.js';
import { TensorStore } from '../gpu/store.js';
import { Net } from '../nets/net.js';
import { assertSamePrecision, assertSameRun, type Checkpoint, type RunIdentity } from './checkpoint.js';
import { keepColors } from './color.js';
import { assertFits } from './fit.js';
import {
  type CheckedInput,
  checkInput,
  checkPlace,
  identify,
  type Size,
  type StylizeInput,
  styleSize,
} from './input.js';
import type { StepSession } from './iterate.js';
import { openSession } from './open.js';
import { activeTaps, type StyleOptions, scaleSteps } from './options.js';
import { ScaledPictures } from './pictures.js';
import { resample } from './resample.js';
import { computeTargets } from './targets.js';
import { addLosses, emptyTrace, type StyleTrace } from './trace.js';

/** What a run tells after each step. */
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
  /** The state after this step, from which `stylize` goes on with the same bits. */
  checkpoint(): Promise<Checkpoint>;
}

/** Progress inside a step. */
export interface TileEvent {
  /** The step that is being taken, from 1, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Tiles done, of `total` over both passes. */
  readonly done: number;
  readonly total: number;
}

/** What is done before the first step of a scale. */
export interface StyleStage {
  readonly kind: 'measure' | 'compile' | 'tiles' | 'optimise';
  readonly width: number;
  readonly height: number;
  /** From 1, of `scales`. */
  readonly scale: number;
  readonly scales: number;
}

/** What a caller hears of a run, and how it stops one. */
export interface StylizeHooks {
  /** Called after every step; a promise is awaited. */
  onStep?(event: StepEvent): void | Promise<void>;
  /** Called after each tile of a step that goes over tiles. */
  onTile?(event: TileEvent): void;
  /** Called as work before the first step of a scale goes on: in words, and as data. */
  onStage?(text: string, stage: StyleStage): void;
  /** Ends the run after the current step, or between two tiles of it, whose work is then lost. */
  readonly signal?: AbortSignal;
  /** Steps between readings of the losses; 10 unless said. */
  readonly lossEvery?: number;
}

/** What a run has made. */
export interface StylizeResult {
  readonly image: RgbImage;
  readonly trace: StyleTrace;
  readonly options: StyleOptions;
  readonly steps: number;
  /** True where the signal ended the run early; `checkpoint` goes on from there. */
  readonly aborted: boolean;
  readonly checkpoint: Checkpoint;
  /** By family and bucket, how ops were computed that can be in several ways; as by default where nothing is named. */
  readonly choices: Choices;
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
    assertSamePrecision(input.resume, input.device.target.precision);
    checkPlace(input.resume, checked);
  }
  const last = checked.sizes.at(-1)!;
  const styleSizes = checked.styles.map((style) => styleSize(style, last, input.weights, checked.options));
  // A run that goes on must add its numbers in the order in which it began, whatever was measured since.
  const choices = input.resume?.choices ?? input.device.target.choices;
  const target = { ...input.device.target, ...(choices ? { choices } : {}) };
  const regions = checked.regions?.length ?? 0;
  assertFits(target, input.weights, last, styleSizes, checked.options, regions);
  const store = new TensorStore(input.device, target);
  try {
    const net = new Net(store, input.weights, activeTaps(checked.options));
    return await new Run(input, hooks, checked, identity, store, net).go();
  } finally {
    store.destroy();
  }
}

/** The state of one run. */
class Run {
  private readonly o: StyleOptions;
  private readonly pictures: ScaledPictures;
  private readonly sizes: readonly Size[];
  private readonly trace: StyleTrace;
  private readonly steps: number[];
  private step: number;
  private readonly choices: Choices;

  constructor(
    private readonly input: StylizeInput,
    private readonly hooks: StylizeHooks,
    checked: CheckedInput,
    private readonly identity: RunIdentity,
    private readonly store: TensorStore,
    private readonly net: Net,
  ) {
    this.o = checked.options;
    this.pictures = new ScaledPictures(input, checked, store);
    this.sizes = checked.sizes;
    this.steps = scaleSteps(this.o.iterations, this.sizes.length);
    this.step = input.resume?.step ?? 0;
    this.choices = store.target.choices ?? {};
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
          session.iterate.writeImage(this.store, resume.image);
          session.iterate.writeState(this.store, resume.state, { complete: true });
        } else {
          const first = carried ? carried.image : await this.pictures.initial(size);
          session.iterate.writeImage(this.store, first);
          if (carried) session.iterate.writeState(this.store, carried.state);
          this.trace.scales.push({ step: this.step, ...size });
        }
        const done = await this.optimise(session, index, start);
        const last = index === this.sizes.length - 1;
        const aborted = this.hooks.signal?.aborted === true && !(last && done === this.steps[index]);
        if (last || aborted) {
          const checkpoint = await this.checkpoint(session, index, done);
          const image = await this.picture(session, size, done);
          const { trace, o: options, step: steps, choices } = this;
          return { image, trace, options, steps, aborted, checkpoint, choices };
        }
        carried = await this.carry(session, size, this.sizes[index + 1]!);
      } finally {
        session.destroy();
        // Filters in the form of one map size are of no use for the next.
        this.store.releaseDerived();
      }
    }
  }

  private async open(index: number, size: Size): Promise<StepSession> {
    const place = { ...size, scale: index + 1, scales: this.sizes.length };
    const stage = (kind: StyleStage['kind'], text: string) =>
      this.hooks.onStage?.(`${size.width}x${size.height}: ${text}`, { kind, ...place });
    stage('measure', 'measuring content and styles');
    const content = await this.pictures.contentAt(size);
    const styles = await this.pictures.stylesAt(size);
    const targets = await computeTargets(this.store, this.net, content, styles, this.o);
    this.store.releaseDerived();
    stage('compile', 'compiling the step');
    const session = await openSession(
      this.store,
      this.net,
      this.input.weights,
      size,
      targets,
      this.o,
      (text) => stage('tiles', text),
    );
    stage('optimise', `optimising, scale ${index + 1} of ${this.sizes.length}`);
    return session;
  }

  /** Steps until the scale's share is done or the signal says stop; returns the steps done in this scale. */
  private async optimise(session: StepSession, index: number, start: number): Promise<number> {
    const every = this.hooks.lossEvery ?? 10;
    const count = this.steps[index]!;
    const size = this.sizes[index]!;
    let done = start;
    while (done < count && !this.hooks.signal?.aborted) {
      // Adam's bias correction goes on over the scales (its moments do too); L-BFGS starts anew.
      const number = this.o.optimizer === 'adam' ? this.step + 1 : done + 1;
      const finished = await session.step(number, {
        signal: this.hooks.signal,
        onTile: (tile, total) =>
          this.hooks.onTile?.({ step: this.step + 1, steps: this.o.iterations, done: tile, total }),
      });
      // Ended between two tiles: the picture is still that of the step before.
      if (!finished) break;
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
        {
          fact: {
            code: 'diverged',
            values: { loss: bad[0], step: this.step, learningRate: this.o.learningRate },
          },
        },
      );
    }
  }

  private async checkpoint(session: StepSession, scale: number, stepInScale: number): Promise<Checkpoint> {
    return {
      identity: this.identity,
      options: this.o,
      scale,
      ...this.sizes[scale]!,
      stepInScale,
      step: this.step,
      image: await session.iterate.readImage(this.store),
      state: await session.iterate.readState(this.store),
      trace: structuredClone(this.trace),
      choices: this.choices,
      precision: this.store.target.precision,
    };
  }

  /** The result at a step boundary: the corrected average of iterates where one is kept, then colours and alpha. */
  private async picture(session: StepSession, size: Size, done: number): Promise<RgbImage> {
    let planar = await session.iterate.readImage(this.store);
    const { averageDecay } = this.o;
    if (averageDecay > 0 && done > 0) {
      const average = (await session.iterate.readState(this.store)).get('average')!.values;
      const correction = 1 - averageDecay ** done;
      planar = average.map((value) => value / correction);
    }
    const plain = fromPlanar(planar, size.width, size.height);
    const coloured =
      this.o.color === 'keep' ? keepColors(await this.pictures.contentPicture(size), plain) : plain;
    const { alpha, width, height } = this.input.content;
    if (!alpha) return coloured;
    const scaled = await resample(this.store, alpha, [1, 1, height, width], size.height, size.width);
    return rgbImage(size.width, size.height, coloured.data, scaled);
  }

  /** Picture and moments at the next scale's size. */
  private async carry(session: StepSession, from: Size, to: Size): Promise<Carried> {
    const shape = [1, 3, from.height, from.width] as const;
    const scale = (values: Float32Array) => resample(this.store, values, shape, to.height, to.width);
    const image = await scale(await session.iterate.readImage(this.store));
    const state = new Map<string, { values: Float32Array }>();
    if (this.o.optimizer === 'adam') {
      const moments = await session.iterate.readState(this.store);
      for (const name of ['m', 'v']) state.set(name, { values: await scale(moments.get(name)!.values) });
    }
    return { image, state };
  }
}

interface Carried {
  readonly image: Float32Array;
  readonly state: ReadonlyMap<string, { values: Float32Array }>;
}
