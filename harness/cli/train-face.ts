// `facet train face` and `facet finetune`: a face net from a folder of people.
import { join } from 'node:path';
import { Command } from 'commander';
import type { NetFile } from '../../src/faces/pipeline.js';
import { Device } from '../../src/gpu/device.js';
import { NN4_SMALL2_SIDE } from '../../src/nets/nn4-small2.js';
import { nodePlatform } from '../../src/platform/node.js';
import { NO_VARIATION } from '../../src/training/recipes.js';
import { findNn4 } from '../node/faces/models.js';
import { writeAtomically } from '../node/overwrite.js';
import { TeacherTargets } from '../node/training/face-batches.js';
import { FaceTask } from '../node/training/face-task.js';
import { takeLock } from '../node/training/lock.js';
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
import { filesOf, goOn, type RunFiles, tell } from './train-files.js';
import { assertFacesFit } from './train-fit.js';
import { describeSkipped, type PreparedFaces, prepareFaces } from './train-prepare.js';
import { type RunFacts, runSteps } from './train-run.js';
import { describeTraining, metadataOf } from './train-words.js';
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
  const files = await filesOf(args, DEFAULT_OUT);
  const prepared = await prepareFaces(folder, args);
  try {
    const { aligned, cache } = prepared;
    for (const line of describeSkipped(aligned.skipped)) warn(line);
    const found = `${aligned.crops} faces of ${aligned.people.length} people`;
    if (!args.quiet) process.stderr.write(`${found} in ${cache.folder}\n`);
    if (prepared.interrupted) return INTERRUPTED;
    if (args.prepare) return 0;
    const unlock = await takeLock(join(files.run, 'lock'), `the run ${files.run}`);
    try {
      return await train(folder, args, training, prepared, files, base);
    } finally {
      await unlock();
    }
  } finally {
    await prepared.close();
  }
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
  let facts: RunFacts = {
    kind: 'face',
    training: { ...training, steps, epochs: undefined, teacher: prepared.teacherContract },
    data: data.digest,
    best: undefined,
    seconds: 0,
  };
  if (files.latest) facts = goOn(facts, files.latest, `the faces of ${folder}`);
  const tuning = await readTuning(args.tuning);
  const platform = nodePlatform();
  const bar = new TrainBar(args.quiet === true);
  let device: Device | undefined;
  let task: FaceTask | undefined;
  try {
    device = await Device.open(platform, { ...tuning, precision: args.precision });
    const trainer = {
      schedule: scheduleOf(training, steps),
      weightDecay: training.weightDecay,
      clipNorm: training.clipNorm,
      seed: training.seed,
    };
    assertFacesFit(device.target, training, data.sampler.batch, trainer);
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
      trainer,
    });
    if (files.latest && !(await task.trainer.restore(files.latest.checkpoint)))
      warn('the device computes some ops in other ways than the checkpoint: the last bits may differ');
    // Not before the new one can begin.
    if (!files.latest) await files.checkpoints.forgetAfter(0);
    const log = await TrainLog.open(join(files.run, 'log.jsonl'), files.latest ? task.trainer.steps : -1);
    const lines = describeTraining(device, training, data, task, steps);
    for (const [name, value] of lines) bar.note(`${name}: ${value}`);
    const running = task;
    const end = await interruptible(bar, NOTICE, (signal) =>
      runSteps({
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
