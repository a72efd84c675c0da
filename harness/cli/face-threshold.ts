// `facet face threshold`: a threshold and a calibration out of the user's own pictures.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { type Calibration, fitIsotonic, fitPlatt } from '../../src/faces/evaluation/calibration.js';
import { type OperatingPoint, operatingPoint } from '../../src/faces/evaluation/operating-point.js';
import type { ScoredPair } from '../../src/faces/evaluation/scores.js';
import { assertFar } from '../../src/faces/evaluation/thresholds.js';
import { sameContract } from '../../src/faces/gallery/checks.js';
import { squaredDistance } from '../../src/faces/gallery/distance.js';
import type { CollectionFacts, Json, VectorPage } from '../../src/faces/gallery/types.js';
import { DIMENSION } from '../../src/faces/gallery/types.js';
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

/** Pairs of different people at most: beyond, the sums grow and the answer does not. */
const MOST_PAIRS = 2_000_000;

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
    tell(undefined, fitTo(await seen(folder, undefined, args), args), args);
    return;
  }
  await withStore(args, async (store) => {
    const facts = await needCollection(store, args);
    // With its contract: where the collection is rebuilt for another net meanwhile, nothing is kept.
    const collection = await store.openCollection(facts.name, facts.contract);
    const fitted = fitTo(
      folder === undefined ? await enrolled(collection) : await seen(folder, facts, args),
      args,
    );
    if (!args.dryRun) {
      await collection.setThreshold(Math.min(4, fitted.threshold), fitted.calibration as unknown as Json);
    }
    tell(facts.name, fitted, args);
  });
}

interface Fitted extends OperatingPoint {
  readonly calibration: Calibration;
}

function fitTo(people: readonly Person[], { far, calibration }: ThresholdArguments): Fitted {
  const pairs = allPairs(people);
  const point = operatingPoint(pairs, far);
  if (!(point.threshold > 0)) {
    throw new InputError(
      `no threshold above 0 lets at most ${far} of the ${point.far.trials} pairs of different people pass; some are equal`,
    );
  }
  return { ...point, calibration: calibration === 'platt' ? fitPlatt(pairs) : fitIsotonic(pairs) };
}

function tell(collection: string | undefined, fitted: Fitted, args: ThresholdArguments): void {
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

interface Person {
  readonly name: string;
  readonly embedding: Float32Array;
}

async function enrolled(collection: { vectors(): AsyncIterable<VectorPage> }): Promise<Person[]> {
  const people: Person[] = [];
  for await (const { people: names, vectors } of collection.vectors()) {
    for (const [i, name] of names.entries()) {
      people.push({ name, embedding: vectors.slice(i * DIMENSION, (i + 1) * DIMENSION) });
    }
  }
  return people;
}

async function seen(
  folder: string,
  facts: CollectionFacts | undefined,
  args: ThresholdArguments,
): Promise<readonly Person[]> {
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

/** Every pair of samples; of different people every n-th where there are too many. */
function allPairs(people: readonly Person[]): ScoredPair[] {
  const total = (people.length * (people.length - 1)) / 2;
  const step = Math.max(1, Math.ceil(total / MOST_PAIRS));
  const pairs: ScoredPair[] = [];
  let count = 0;
  for (const [i, a] of people.entries()) {
    for (let j = 0; j < i; j++) {
      const b = people[j]!;
      const same = a.name === b.name;
      if (!same && count++ % step !== 0) continue;
      pairs.push({ same, distance: squaredDistance(a.embedding, b.embedding) });
    }
  }
  if (!pairs.some(({ same }) => same) || !pairs.some(({ same }) => !same)) {
    throw new InputError(
      `a threshold needs at least two people and two pictures of one of them, got ${people.length} pictures of ${new Set(people.map(({ name }) => name)).size}`,
    );
  }
  return pairs;
}
