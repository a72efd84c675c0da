// `facet train face`: a face net from a folder of people.
import { Command } from 'commander';
import { EMBEDDER_NAMES } from '../../src/faces/models.js';
import { oneOf } from './arguments.js';
import { warn } from './face-options.js';
import { INTERRUPTED } from './interrupt.js';
import { describeSkipped, type PrepareArguments, prepareFaces } from './train-prepare.js';

export interface TrainFaceArguments extends PrepareArguments {
  prepare?: boolean;
}

/** The sub-command `face`. */
export function trainFaceCommand(): Command {
  return new Command('face')
    .description('train a face net on a folder of people, one sub-folder each')
    .argument('<folder>', 'people/Ada/1.jpg, people/Grace/1.jpg …')
    .option(
      '--teacher <net>',
      `learn from this net's embeddings: ${EMBEDDER_NAMES[0]}`,
      oneOf('--teacher', ['resnet34']),
    )
    .option('--aligned', 'the pictures are aligned faces already: OpenFace at 104 px, or at 96 without room')
    .option(
      '--cache <dir>',
      'where aligned faces and what the teacher said are kept (default: in the user’s cache)',
    )
    .option('--prepare', 'align and ask the teacher, then stop')
    .option('--quiet', 'no progress')
    .action(async (folder: string, args: TrainFaceArguments) => {
      process.exitCode = await runTrainFace(folder, args);
    });
}

async function runTrainFace(folder: string, args: TrainFaceArguments): Promise<number> {
  const prepared = await prepareFaces(folder, args);
  try {
    const { aligned, cache } = prepared;
    for (const line of describeSkipped(aligned.skipped)) warn(line);
    process.stderr.write(`${aligned.crops} faces of ${aligned.people.length} people in ${cache.folder}\n`);
    return prepared.interrupted ? INTERRUPTED : 0;
  } finally {
    await prepared.close();
  }
}
