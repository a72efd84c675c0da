// The command `facet`: sub-commands, and the one place where errors become exit codes.
import { Command, CommanderError } from 'commander';
import { FacetError, InputError, OutOfMemoryError, ShapeError, WeightsError } from '../../src/base/errors.js';
import { packageVersion } from '../../src/platform/node-paths.js';
import { benchCommand } from './bench.js';
import { checkCommand, gradcheckCommand } from './check.js';
import { checkGalleryCommand } from './check-gallery.js';
import { demoCommand } from './demo.js';
import { doctor } from './doctor.js';
import { faceCommand } from './face.js';
import { paintCommand } from './paint.js';
import { peerCommand } from './peer.js';
import { profileCommand } from './profile.js';
import { serveCommand, workerCommand } from './serve.js';
import { sheetCommand } from './sheet.js';
import { studioCommand } from './studio.js';
import { stylizeCommand } from './stylize.js';
import { trainCommand } from './train.js';
import { finetuneCommand } from './train-face.js';
import { tuneCommand } from './tune.js';
import { weightsCommand } from './weights.js';

/** Exit codes: 0 done, 1 something broke or a check failed, 2 the input cannot be used, 130 interrupted. */
const EXIT_FAILURE = 1;
const EXIT_BAD_INPUT = 2;
/** Of `face`, where 1 is an answer: who reads it must not take a lost device for a stranger. */
const EXIT_FACE_FAILURE = 3;
/** What another input would mend; a size that does not fit is such an input. */
const USERS_TO_MEND = [InputError, WeightsError, ShapeError, OutOfMemoryError];

function buildProgram(): Command {
  const program = new Command('facet')
    .description('Neural style transfer and face recognition on hand-written WGSL, on any GPU or none')
    .version(packageVersion())
    .showHelpAfterError('(facet --help lists everything)');
  program
    .command('doctor')
    .description('show adapter, driver, features and limits, what is missing and how to mend it')
    .option('--json', 'print JSON')
    .option('--mend', 'bring a driver where none is found, as set-up does')
    .action(async (options: { json?: boolean; mend?: boolean }) => {
      process.exitCode = await doctor(options);
    });
  for (const command of [
    stylizeCommand(),
    demoCommand(),
    paintCommand(),
    sheetCommand(),
    faceCommand(),
    serveCommand(),
    workerCommand(),
    weightsCommand(),
    checkCommand(),
    gradcheckCommand(),
    checkGalleryCommand(),
    trainCommand(),
    finetuneCommand(),
    tuneCommand(),
    benchCommand(),
    profileCommand(),
    peerCommand(),
    studioCommand(),
  ]) {
    program.addCommand(command);
  }
  exitByThrowing(program);
  return program;
}

/** Commander would exit by itself, with 1 for a bad option. */
function exitByThrowing(command: Command): void {
  command.exitOverride();
  for (const sub of command.commands) exitByThrowing(sub);
}

/** Runs the command line; resolves to the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await buildProgram().parseAsync([...argv]);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    return explainFailure(error, argv);
  }
}

/** Tells what went wrong on standard error; the exit code. */
export function explainFailure(error: unknown, argv: readonly string[]): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
  const failure = argv[2] === 'face' ? EXIT_FACE_FAILURE : EXIT_FAILURE;
  if (error instanceof FacetError) {
    process.stderr.write(`facet: ${error.message}\n`);
    return USERS_TO_MEND.some((kind) => error instanceof kind) ? EXIT_BAD_INPUT : failure;
  }
  process.stderr.write(`facet: internal error, please report it:\n${(error as Error)?.stack ?? error}\n`);
  return failure;
}
