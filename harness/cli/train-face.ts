// `facet train face` and `facet finetune`: a face net from a folder of people.
import { mkdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { NetFile } from '../../src/faces/pipeline.js';
import { Device } from '../../src/gpu/device.js';
import { NN4_SMALL2_SIDE } from '../../src/nets/nn4-small2.js';
import { nodePlatform } from '../../src/platform/node.js';
import { NO_VARIATION } from '../../src/training/recipes.js';
import { findNn4 } from '../node/faces/models.js';
import { checkWritable, reasonOf, writeAtomically } from '../node/overwrite.js';
import { CheckpointFolder, type FoundCheckpoint } from '../node/training/checkpoint-folder.js';
import { TeacherTargets } from '../node/training/face-batches.js';
import { FaceTask } from '../node/training/face-task.js';
import { TrainLog } from '../node/training/train-log.js';
import { trainReport } from '../node/training/train-report.js';
import { canValidate } from '../node/training/validate.js';
import { warn } from './face-options.js';
import { INTERRUPTED, interruptible } from './interrupt.js';
import {
  type FaceTraining,
  FINETUNE_DEFAULTS,
  faceTraining,
  fromOption,
  scheduleOf,
  TRAIN_DEFAULTS,
  type TrainArguments,
  type TrainDefaults,
  trainOptions,
} from './train-arguments.js';
import { TrainBar } from './train-bar.js';
import { trainingData } from './train-data.js';
import { describeSkipped, type PreparedFaces, prepareFaces } from './train-prepare.js';
import { type RunFacts, runSteps } from './train-run.js';
import { describeTraining, metadataOf, tell } from './train-words.js';
import { readTuning } from './tuning-option.js';

const DEFAULT_OUT = 'nn4.small2-trained.safetensors';
const NOTICE = 'stopping after this step; a checkpoint is kept (again: at once) …';

/** The sub-command `train face`. */
export function trainFaceCommand(): Command {
  const command = new Command('face')
    .description('train a face net on a folder of people, one sub-folder each')
    .argument('<folder>', 'people/Ada/1.jpg, people/Ada/2.jpg, people/Grace/1.jpg …');
  return trainOptions(command, TRAIN_DEFAULTS)
    .addHelpText(
      'after',
      `
Faces are found and aligned once, and kept. The weights are those that did best on people held out of training; with
--hold-out 0 those of the last step. Ctrl-C keeps a checkpoint; --resume goes on from it to the same bits.
Examples:
  facet train face people/ --teacher resnet34 --steps 5000 --out mine.safetensors
  facet train face people/ --people 24 --images 4 --mine semi-hard --time-limit 2h
  facet face evaluate --pairs pairs.txt --images lfw/ --net nn4.small2 --weights mine.safetensors`,
    )
    .action(async (folder: string, args: TrainArguments) => {
      process.exitCode = await runTraining(folder, args, TRAIN_DEFAULTS, undefined);
    });
}

/** The command `finetune`. */
export function finetuneCommand(): Command {
  const command = new Command('finetune')
    .description('train the last blocks of a face net on your own people; what is before them stays')
    .argument('<folder>', 'people/Ada/1.jpg, people/Ada/2.jpg, people/Grace/1.jpg …')
    .option('--weights <path>', 'the net to go on from: a safetensors file, or a folder of CSV files');
  fromOption(command);
  return trainOptions(command, FINETUNE_DEFAULTS).action(async (folder: string, args: TrainArguments) => {
    const base = await findNn4(args.weights, process.env);
    process.exitCode = await runTraining(folder, args, FINETUNE_DEFAULTS, base);
  });
}

async function runTraining(
  folder: string,
  args: TrainArguments,
  defaults: TrainDefaults,
  base: NetFile | undefined,
): Promise<number> {
  const training = faceTraining(args, defaults);
  const files = await filesOf(args);
  const prepared = await prepareFaces(folder, args);
  try {
    const { aligned, cache } = prepared;
    for (const line of describeSkipped(aligned.skipped)) warn(line);
    const found = `${aligned.crops} faces of ${aligned.people.length} people`;
    if (!args.quiet) process.stderr.write(`${found} in ${cache.folder}\n`);
    if (prepared.interrupted) return INTERRUPTED;
    if (args.prepare) return 0;
    return await train(folder, args, training, prepared, files, base);
  } finally {
    await prepared.close();
  }
}

/** Where a run writes. */
interface RunFiles {
  readonly out: string;
  readonly run: string;
  readonly checkpoints: CheckpointFolder;
  /** Where it goes on from. */
  readonly latest: FoundCheckpoint | undefined;
}

/** InputError where the weights could not be written, or would replace others unasked. */
async function filesOf(args: TrainArguments): Promise<RunFiles> {
  const out = args.out ?? DEFAULT_OUT;
  const { dir, name } = parse(out);
  const run = args.run ?? join(dir, `${name}.run`);
  const checkpoints = new CheckpointFolder(join(run, 'checkpoints'));
  // What is begun anew need not be readable.
  const latest = args.force && !args.resume ? undefined : await checkpoints.latest();
  if (args.prepare) return { out, run, checkpoints, latest };
  if (args.resume) {
    if (!latest) throw new InputError(`--resume: there is no checkpoint in ${checkpoints.folder}`);
    for (const line of latest.passedOver) warn(line);
  } else if (latest) {
    throw new InputError(
      `${run}: holds a training at step ${latest.checkpoint.step}; --resume goes on with it, --force begins anew`,
    );
  }
  await checkWritable(out, args.resume ? { force: true } : args);
  await mkdir(run, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--run ${run}: ${reasonOf(error)}`, { cause: error });
  });
  return { out, run, checkpoints, latest: args.resume ? latest : undefined };
}

async function train(
  folder: string,
  args: TrainArguments,
  training: FaceTraining,
  prepared: PreparedFaces,
  files: RunFiles,
  base: NetFile | undefined,
): Promise<number> {
  const data = trainingData(folder, training, prepared);
  const steps = training.steps ?? Math.ceil(training.epochs! * data.sampler.stepsPerEpoch);
  const facts: RunFacts = {
    kind: 'face',
    training: { ...training, steps, epochs: undefined, teacher: prepared.teacherContract },
    data: data.digest,
    best: undefined,
    seconds: 0,
  };
  if (files.latest) goOn(facts, files.latest, folder);
  const tuning = await readTuning(args.tuning);
  const platform = nodePlatform();
  const bar = new TrainBar(args.quiet === true);
  let device: Device | undefined;
  let task: FaceTask | undefined;
  try {
    device = await Device.open(platform, { ...tuning, precision: args.precision });
    task = await FaceTask.create(device, {
      from: training.from,
      losses: training.losses,
      base,
      pairs: data.pairs,
      batches: {
        cache: prepared.cache,
        samples: data.samples,
        sampler: data.sampler,
        targets: prepared.teacher && TeacherTargets.of(prepared.teacher, data.samples),
        variation: training.variation ?? NO_VARIATION,
        side: NN4_SMALL2_SIDE,
        seed: training.seed,
      },
      trainer: {
        schedule: scheduleOf(training, steps),
        weightDecay: training.weightDecay,
        clipNorm: training.clipNorm,
        seed: training.seed,
      },
    });
    if (files.latest && !(await task.trainer.restore(files.latest.checkpoint)))
      warn('the device computes some ops in other ways than the checkpoint: the last bits may differ');
    // Not before the new one can begin.
    if (!files.latest) await files.checkpoints.forgetAfter(0);
    const log = await TrainLog.open(join(files.run, 'log.jsonl'), files.latest ? task.trainer.steps : -1);
    const lines = describeTraining(device, training, data, task, steps);
    for (const [name, value] of lines) bar.note(`${name}: ${value}`);
    const running = task;
    const opened = device;
    const end = await interruptible(bar, NOTICE, (signal) =>
      runSteps({
        device: opened,
        task: running,
        log,
        checkpoints: files.checkpoints,
        bar,
        facts,
        batch: data.sampler.batch,
        steps,
        logEvery: args.logEvery,
        validateEvery: args.validateEvery,
        checkpointEvery: args.checkpointEvery,
        timeLimit: args.timeLimit,
        validates: canValidate(data.pairs),
        // Else a net that fine-tuning spoils would be taken for the best.
        validatesFirst: base !== undefined,
        out: files.out,
        dtype: args.dtype === 'f16' ? 'F16' : 'F32',
        metadata: metadataOf(training, prepared, data),
        signal,
        report: () =>
          writeAtomically(
            join(files.run, 'report.html'),
            trainReport({
              title: `nn4.small2 trained on ${data.samples.length} faces`,
              lines: log.lines,
              facts: lines,
              skipped: describeSkipped(prepared.aligned.skipped),
            }),
            { force: true },
          ),
      }),
    );
    tell(args, files, facts, end, steps);
    return end.why === 'interrupted' ? INTERRUPTED : 0;
  } finally {
    await task?.destroy();
    device?.destroy();
    platform.dispose();
  }
}

/** Takes over what the checkpoint knows. InputError where it is of other options or other pictures. */
function goOn(facts: RunFacts, { checkpoint, path }: FoundCheckpoint, folder: string): void {
  const kept = checkpoint.run as RunFacts | undefined;
  if (kept?.kind !== 'face') throw new InputError(`${path}: is no checkpoint of a face net`);
  const [was, is] = [kept.training, facts.training].map((value) => JSON.parse(JSON.stringify(value))) as [
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  for (const key of new Set([...Object.keys(was), ...Object.keys(is)])) {
    const [a, b] = [JSON.stringify(was[key]), JSON.stringify(is[key])];
    if (a !== b) {
      throw new InputError(
        `--resume: the checkpoint was made with ${key} ${a ?? 'not given'}, now it is ${b ?? 'not given'}; give the options of the first call`,
      );
    }
  }
  if (kept.data !== facts.data) {
    throw new InputError(
      `--resume: the faces of ${folder} are others than those of the checkpoint; --force begins anew`,
    );
  }
  facts.best = kept.best;
  facts.seconds = kept.seconds;
}
