// `facet face threshold`: a threshold and a calibration out of the user's own pictures.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Calibration } from '../../src/faces/evaluation/calibration.js';
import {
  enrolledEmbeddings,
  type FittedThreshold,
  fitThreshold,
  type NamedEmbedding,
} from '../../src/faces/evaluation/fit-threshold.js';
import type { OperatingPoint } from '../../src/faces/evaluation/operating-point.js';
import { assertFar } from '../../src/faces/evaluation/thresholds.js';
import { sameContract } from '../../src/faces/gallery/checks.js';
import type { CollectionFacts, Json } from '../../src/faces/gallery/types.js';
import { listPictures } from '../node/faces/picture-list.js';
import { oneOf, realNumber } from './arguments.js';
import { type DatabaseArguments, databaseOptions, needCollection, withStore } from './face-database.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  ONE_FACE,
  print,
  printJson,
} from './face-options.js';
import { FaceSession, forPictures, modelsOf } from './face-session.js';

interface ThresholdArguments extends FindArguments, NetArguments, DatabaseArguments {
  far: number;
  calibration: Calibration['kind'];
  dryRun?: boolean;
  json?: boolean;
}

/** The sub-command `threshold`. */
export function thresholdCommand(): Command {
  const command = new Command('threshold')
    .description('fit threshold and probabilities on your own people, and keep them in the collection')
    .argument('[folder]', 'a folder of people as enroll takes it (default: the samples of the collection)')
    .option('--far <rate>', 'false accept rate that is wanted', realNumber('--far'), 0.001)
    .option(
      '--calibration <kind>',
      'platt | isotonic: how distances become probabilities',
      oneOf('--calibration', ['platt', 'isotonic'] as const),
      'platt',
    )
    .option('--dry-run', 'print them, keep nothing')
    .option('--json', 'print JSON');
  findOptions(command, 'largest', ONE_FACE);
  netOptions(command, "the collection's");
  databaseOptions(command);
  return command
    .addHelpText('after', '\nExample: facet face threshold people/ --far 0.0001')
    .action(runThreshold);
}

async function runThreshold(folder: string | undefined, args: ThresholdArguments): Promise<void> {
  // Before the pictures are embedded, which takes long.
  assertFar('--far', args.far);
  if (folder !== undefined && args.dryRun) {
    // Nothing is kept, so that no gallery is needed.
    tell(undefined, fitThreshold(await seen(folder, undefined, args), args.far, args.calibration), args);
    return;
  }
  await withStore(args, async (store) => {
    const facts = await needCollection(store, args);
    // With its contract: where the collection is rebuilt for another net meanwhile, nothing is kept.
    const collection = await store.openCollection(facts.name, facts.contract);
    const fitted = fitThreshold(
      folder === undefined ? await enrolledEmbeddings(collection) : await seen(folder, facts, args),
      args.far,
      args.calibration,
    );
    if (!args.dryRun) {
      await collection.setThreshold(Math.min(4, fitted.threshold), fitted.calibration as unknown as Json);
    }
    tell(facts.name, fitted, args);
  });
}

function tell(collection: string | undefined, fitted: FittedThreshold, args: ThresholdArguments): void {
  const kept = args.dryRun !== true;
  if (args.json) printJson({ collection: collection ?? null, kept, ...fitted });
  else print(describe(collection, fitted, kept));
}

function describe(
  name: string | undefined,
  { threshold, wantedFar, far, tar, resolved }: OperatingPoint,
  kept: boolean,
): string {
  const rate = ({ value, low, high, hits, trials }: OperatingPoint['far']) =>
    `${(100 * value).toFixed(3)} % (${hits} of ${trials}; 95 % interval ${(100 * low).toFixed(3)} to ${(100 * high).toFixed(3)} %)`;
  return [
    `${name === undefined ? '' : `collection ${name}: `}threshold ${threshold.toFixed(4)} for a false accept rate of ${wantedFar}${kept ? ', kept' : ', not kept'}`,
    `  different people accepted: ${rate(far)}`,
    `  same person accepted:      ${rate(tar)}`,
    ...(resolved
      ? []
      : [
          `  so few pairs of different people cannot show a rate of ${wantedFar}: the threshold lets none of them pass`,
        ]),
  ].join('\n');
}

async function seen(
  folder: string,
  facts: CollectionFacts | undefined,
  args: ThresholdArguments,
): Promise<readonly NamedEmbedding[]> {
  const pictures = await listPictures([folder]);
  const models = await modelsOf({ ...args, net: args.net ?? facts?.contract.net });
  if (facts && !sameContract(models.contract, facts.contract)) {
    throw new InputError(
      `collection ${facts.name} holds embeddings of ${facts.contract.net}; a threshold of ${models.contract.net} would not fit them`,
    );
  }
  return FaceSession.run(models, args, findArguments(args, 'largest'), async (session) => {
    const { results } = await forPictures(pictures, async ({ path, folder: name }) => {
      const { faces } = await session.chips(path);
      return { name, embedding: (await session.embed([faces[0]!.chip]))[0]! };
    });
    return results;
  });
}
