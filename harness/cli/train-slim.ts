// `facet train slim`: a small VGG for style transfer, from a large one and pictures.
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import type { LoadedWeights, StyleManifest } from '../../src/nets/manifest.js';
import { nodePlatform } from '../../src/platform/node.js';
import { SLIM_TAPS, type SlimTap, slimTaps } from '../../src/training/slim-graph.js';
import { SLIM_NET, slimConvs } from '../../src/training/vgg-slim.js';
import { writeAtomically } from '../node/overwrite.js';
import { CropRing } from '../node/training/crop-ring.js';
import { takeLock } from '../node/training/lock.js';
import { listPictures, middleSquare, type PictureListing, SlimCrops } from '../node/training/slim-crops.js';
import { FIRST_CROPS, measureScales, slotBytes, type TapScales } from '../node/training/slim-data.js';
import { slimManifest } from '../node/training/slim-export.js';
import { SlimTask, type SlimTaskOptions } from '../node/training/slim-task.js';
import { channelsOf, SlimTeacher } from '../node/training/slim-teacher.js';
import { TrainLog } from '../node/training/train-log.js';
import { trainReport } from '../node/training/train-report.js';
import { findWeights, loadManifest } from '../node/weights.js';
import { warn } from './face-options.js';
import { INTERRUPTED, interruptible } from './interrupt.js';
import { TrainBar } from './train-bar.js';
import { filesOf, goOn, type RunFiles, tell } from './train-files.js';
import { assertCropsFit } from './train-fit.js';
import { describeSkipped } from './train-prepare.js';
import { type RunFacts, runSteps } from './train-run.js';
import {
  SLIM_OUT,
  type SlimArguments,
  type SlimTraining,
  slimOptions,
  slimSchedule,
  slimTraining,
} from './train-slim-arguments.js';
import { readTuning } from './tuning-option.js';
import { WorkBar } from './work-bar.js';

const NOTICE = 'stopping after this step; a checkpoint is kept (again: at once) …';
/** Pictures that activations are normalised on, at twice the side of a crop. */
const CALIBRATION = 32;

/** What a checkpoint of this training knows besides. */
interface SlimFacts extends RunFacts {
  readonly scales: TapScales | undefined;
}

/** The sub-command `train slim`. */
export function trainSlimCommand(): Command {
  const command = new Command('slim')
    .description('train a small VGG for style transfer to see what a large one sees')
    .argument('[pictures...]', 'files, and folders that are searched through; none: drawn ones alone');
  return slimOptions(command)
    .addHelpText(
      'after',
      `
Crops of the pictures, and others that are drawn by code, are shown to the teacher once each; its answers at some pixels
are kept in a ring on disk, in the folder of the run. Ctrl-C keeps a checkpoint; --resume goes on from it to the same bits.
Examples:
  facet train slim photos/ --teacher vgg19.safetensors --steps 20000 --out slim.safetensors
  facet stylize a.jpg b.jpg -o c.png --net vgg19-slim --weights slim.safetensors
  facet train evaluate-slim a.jpg b.jpg --weights slim.safetensors --teacher vgg19.safetensors`,
    )
    .action(async (pictures: string[], args: SlimArguments) => {
      process.exitCode = await runTraining(pictures, args);
    });
}

async function runTraining(given: readonly string[], args: SlimArguments): Promise<number> {
  const training = slimTraining(args);
  const listing = await listPictures(given);
  for (const line of describeSkipped(listing.skipped)) warn(line);
  if (listing.paths.length === 0 && training.drawn < 1) {
    throw new InputError(
      given.length > 0
        ? `${given.join(', ')}: holds no picture that can be used`
        : 'no pictures are given: name files or folders, or --drawn 1 to learn from drawn ones alone',
    );
  }
  const teacher = await findWeights(args.teacherNet, {
    option: '--teacher',
    through: 'conv5_1',
    ...(args.teacher === undefined ? {} : { weights: args.teacher }),
    ...(args.inputConvention === undefined ? {} : { inputConvention: args.inputConvention }),
  });
  const { crop, grid, kernelGrid, widths, tapWeights } = training;
  const sides = { perSide: grid, kernelSide: kernelGrid };
  const taps = slimTaps(crop, sides, widths, channelsOf(teacher), tapWeights);
  const files = await filesOf(args, SLIM_OUT);
  const unlock = await takeLock(join(files.run, 'lock'), `the run ${files.run}`);
  try {
    return await train(args, training, listing, teacher, taps, files);
  } finally {
    await unlock();
  }
}

async function train(
  args: SlimArguments,
  training: SlimTraining,
  listing: PictureListing,
  teacher: LoadedWeights,
  taps: readonly SlimTap[],
  files: RunFiles,
): Promise<number> {
  const { crop: side, steps, batch, seed, fresh } = training;
  let facts: SlimFacts = {
    kind: 'slim',
    training: { ...training, teacher: teacher.sha256 },
    data: listing.digest,
    best: undefined,
    seconds: 0,
    scales: undefined,
  };
  if (files.latest) facts = goOn(facts, files.latest, 'the pictures');
  const slots = slotsOf(training, taps);
  const crops = new SlimCrops({ paths: listing.paths, side, drawn: training.drawn, seed });
  const manifest = await loadManifest(SLIM_NET, 'style');
  const tuning = await readTuning(args.tuning);
  const platform = nodePlatform();
  const bar = new TrainBar(args.quiet === true);
  let device: Device | undefined;
  let looking: SlimTeacher | undefined;
  let ring: CropRing | undefined;
  let task: SlimTask | undefined;
  try {
    device = await Device.open(platform, { ...tuning, precision: args.precision });
    const trainer = { schedule: slimSchedule(training), beta2: 0.99, clipNorm: training.clipNorm, seed };
    assertCropsFit(device.target, training, taps, trainer);
    looking = await SlimTeacher.create(device, teacher, side, taps);
    const scales = facts.scales ?? (await measureScales(crops, looking, taps, seed));
    facts = { ...facts, scales };
    const contract = contractOf(training, listing, teacher, taps, scales);
    ring = await CropRing.open(join(files.run, 'teacher.ring'), contract, slots, slotBytes(side, taps));
    const options: SlimTaskOptions = {
      widths: training.widths,
      losses: training.losses,
      data: {
        crops,
        teacher: looking,
        ring,
        taps,
        scales,
        seed,
        batch,
        fresh,
        first: Math.min(FIRST_CROPS, slots),
      },
      trainer,
      normSteps: steps - training.settled,
      manifest,
      calibration: { side: 2 * side, squares: () => calibrationSquares(listing.paths, crops) },
    };
    task = await SlimTask.create(device, options, files.latest?.checkpoint.step);
    if (files.latest && !(await task.trainer.restore(files.latest.checkpoint)))
      warn('the device computes some ops in other ways than the checkpoint: the last bits may differ');
    // Not before the new one can begin.
    if (!files.latest) await files.checkpoints.forgetAfter(0);
    const log = await TrainLog.open(join(files.run, 'log.jsonl'), files.latest ? task.trainer.steps : -1);
    const lines = describe(device, training, listing, teacher, taps, task, slots);
    for (const [name, value] of lines) bar.note(`${name}: ${value}`);
    if (!(await prepare(task, args.quiet === true))) return INTERRUPTED;
    const running = task;
    const report = () =>
      writeAtomically(
        join(files.run, 'report.html'),
        trainReport({
          title: `${SLIM_NET} trained from ${teacher.net}`,
          lines: log.lines,
          facts: lines,
          skipped: [
            ...describeSkipped(listing.skipped),
            ...[...crops.damaged].map(([path, reason]) => `drawn instead of ${path}: ${reason}`),
          ],
        }),
        { force: true },
      );
    const end = await interruptible(bar, NOTICE, (signal) =>
      runSteps({
        task: running,
        log,
        checkpoints: files.checkpoints,
        bar,
        facts,
        batch,
        steps,
        logEvery: args.logEvery,
        validateEvery: steps,
        checkpointEvery: args.checkpointEvery,
        timeLimit: args.timeLimit,
        validates: false,
        out: files.out,
        dtype: args.dtype === 'f16' ? 'F16' : 'F32',
        metadata: metadataOf(training, listing, teacher),
        exportsEarly: true,
        written: (bytes) => writeManifest(files.out, bytes, running, manifest, args.dtype, bar),
        signal,
        report,
      }),
    );
    await tell(args, files, facts, end, steps);
    return end.why === 'interrupted' ? INTERRUPTED : 0;
  } finally {
    await task?.destroy();
    await ring?.close();
    looking?.destroy();
    device?.destroy();
    platform.dispose();
  }
}

/** Crops that the ring has room for. InputError where these are fewer than a batch. */
function slotsOf({ ring, crop, batch }: SlimTraining, taps: readonly SlimTap[]): number {
  const bytes = slotBytes(crop, taps);
  const slots = Math.floor((ring * 2 ** 20) / bytes);
  if (slots < 2 * batch) {
    throw new InputError(
      `--ring ${ring}: holds ${slots} crops of ${Math.ceil(bytes / 1024)} KiB, two batches of ${batch} are the least; ` +
        `give ${Math.ceil((2 * batch * bytes) / 2 ** 20)} MiB or more`,
    );
  }
  return slots;
}

/** What the content of the ring depends on. */
function contractOf(
  { crop, drawn, seed }: SlimTraining,
  { digest }: PictureListing,
  { sha256 }: LoadedWeights,
  taps: readonly SlimTap[],
  scales: TapScales,
): string {
  const grids = taps.map(({ tap, grid }) => [tap, grid]);
  const text = JSON.stringify({ crop, drawn, seed, pictures: digest, teacher: sha256, grids, scales });
  return createHash('sha256').update(text).digest('hex');
}

/** Makes the crops before the next step; false where Ctrl-C came. */
async function prepare(task: SlimTask, quiet: boolean): Promise<boolean> {
  const bar = new WorkBar('asking the teacher', quiet, 'crops');
  return interruptible(bar, 'stopping; what the teacher said stays', (signal) =>
    task.data.prepare(task.trainer.steps + 1, (made, total) => bar.update(made, total), signal),
  );
}

/** Middle squares of pictures that are spread over all, or drawn ones where there are none. */
async function calibrationSquares(paths: readonly string[], crops: SlimCrops): Promise<Uint8Array[]> {
  const side = 2 * crops.options.side;
  const every = Math.max(1, Math.ceil(paths.length / CALIBRATION));
  const squares: Uint8Array[] = [];
  for (let i = 0; i < paths.length; i += every) {
    const path = paths[i]!;
    try {
      squares.push(await middleSquare(path, side));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      crops.damaged.set(path, error.message);
    }
  }
  if (squares.length > 0) return squares;
  const drawn = new SlimCrops({ paths: [], side, drawn: 1, seed: crops.options.seed });
  return Promise.all(Array.from({ length: CALIBRATION }, (_, i) => drawn.crop(i)));
}

async function writeManifest(
  out: string,
  bytes: Uint8Array,
  { exported }: SlimTask,
  base: StyleManifest,
  dtype: 'f16' | 'f32',
  bar: TrainBar,
): Promise<void> {
  const net = exported!;
  const manifest = slimManifest(base, basename(out), bytes, net, dtype === 'f16' ? 'F16' : 'F32');
  const path = `${out.replace(/\.safetensors$/, '')}.json`;
  await writeAtomically(path, `${JSON.stringify(manifest, undefined, 2)}\n`, { force: true });
  const range = `${net.least.toFixed(4)} to ${net.largest.toFixed(4)}`;
  bar.note(`mean activations ${range}, ${net.dead} channels never fire; manifest ${path}`);
}

/** What is said at the beginning, and stands in the report. */
function describe(
  device: Device,
  training: SlimTraining,
  { paths }: PictureListing,
  teacher: LoadedWeights,
  taps: readonly SlimTap[],
  { trainer }: SlimTask,
  slots: number,
): [string, string][] {
  const { crop, batch, steps, settled, fresh, drawn, widths, losses, rate } = training;
  const bytes = slotBytes(crop, taps);
  const held = trainer.plans.reduce((sum, plan) => sum + plan.transientBytes + plan.textureBytes, 0);
  const size = slimConvs(widths).reduce(
    (sum, { shape }) => sum + shape.reduce((product, extent) => product * extent, 1) + shape[0]!,
    0,
  );
  const weights = SLIM_TAPS.map((tap) => `${tap} ${taps.find((own) => own.tap === tap)?.weight ?? 0}`);
  return [
    ['Adapter', device.adapter.description || device.adapter.device],
    ['Net', `${SLIM_NET}, channels ${widths.join(', ')}, ${size} weights`],
    ['Teacher', `${teacher.net} (${basename(teacher.source)}, SHA-256 ${teacher.sha256.slice(0, 16)}…)`],
    ['Pictures', `${paths.length}, and ${(100 * (paths.length > 0 ? drawn : 1)).toFixed(0)} % drawn crops`],
    ['Crops', `${crop} px, ${fresh} new ones for each step`],
    [
      'Ring',
      `${slots} crops of ${(bytes / 1024).toFixed(0)} KiB, ${Math.ceil(CropRing.sizeOf(slots, bytes) / 2 ** 20)} MiB on disk`,
    ],
    [
      'Loss',
      `${losses.feature} x features + ${losses.gram} x Gram + ${losses.kernel} x inner products; ${weights.join(', ')}`,
    ],
    ['Batch', `${batch}`],
    ['Steps', `${steps}, the last ${settled} by running averages, learning rate ${rate}, cosine`],
    ['Memory', `${Math.ceil(held / 2 ** 20)} MiB for a batch, ${trainer.dispatches} dispatches a step`],
  ];
}

function metadataOf(
  { crop, drawn, seed, widths }: SlimTraining,
  { paths }: PictureListing,
  teacher: LoadedWeights,
) {
  return {
    net: SLIM_NET,
    teacher: `${teacher.net} ${teacher.sha256}`,
    pictures: String(paths.length),
    drawn: String(paths.length > 0 ? drawn : 1),
    crop: String(crop),
    widths: widths.join(','),
    seed: String(seed),
  };
}
