// `facet face reembed`: the people of a collection under another net.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { intersectionOverUnion } from '../../src/faces/boxes.js';
import type { Collection } from '../../src/faces/gallery/collection.js';
import type { Sample } from '../../src/faces/gallery/types.js';
import { boxOf } from '../../src/faces/sample-facts.js';
import { type DatabaseArguments, databaseOptions, needCollection, withStore } from './face-database.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  print,
  printJson,
} from './face-options.js';
import { FaceSession, modelsOf } from './face-session.js';

interface ReembedArguments extends FindArguments, NetArguments, DatabaseArguments {
  json?: boolean;
}

/** Overlap from which a box found again is the one that was enrolled. */
const SAME_BOX = 0.3;

/** The sub-command `reembed`. */
export function reembedCommand(): Command {
  const command = new Command('reembed')
    .description('rebuild a collection for another net, from the pictures that its samples came from')
    .option('--json', 'print JSON');
  findOptions(command, 'the one that was enrolled');
  netOptions(command);
  databaseOptions(command);
  return command
    .addHelpText(
      'after',
      `
Pictures are read again where they lay when they were enrolled, else the crops
that --keep-crops kept. All samples are rebuilt or none: where a picture is
gone, the sample must be removed first. Threshold and calibration belonged to
the old net and are dropped.
Example: facet face reembed --net nn4.small2 --weights nn4.safetensors`,
    )
    .action(runReembed);
}

async function runReembed(args: ReembedArguments): Promise<void> {
  await withStore(args, async (store) => {
    const facts = await needCollection(store, args);
    // With its contract: where somebody else rebuilds it meanwhile, this fails.
    const collection = await store.openCollection(facts.name, facts.contract);
    const models = await modelsOf(args);
    const embeddings = await FaceSession.run(models, args, findArguments(args, 'all'), (session) =>
      embedAgain(session, collection, args),
    );
    await collection.reembed(models.contract, embeddings);
    if (args.json)
      printJson({
        collection: facts.name,
        from: facts.contract,
        to: models.contract,
        samples: embeddings.size,
      });
    else
      print(
        `collection ${facts.name}: ${embeddings.size} samples of ${models.contract.net}, were of ${facts.contract.net}`,
      );
  });
}

async function embedAgain(
  session: FaceSession,
  collection: Collection,
  args: ReembedArguments,
): Promise<Map<string, Float32Array>> {
  const embeddings = new Map<string, Float32Array>();
  const lost: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await collection.samples(after === undefined ? {} : { after });
    for (const sample of page.items) {
      try {
        embeddings.set(sample.id, await embedSample(session, sample, args));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        lost.push(`${sample.id} of ${sample.person}: ${error.message}`);
      }
    }
    after = page.next;
    if (after === undefined) break;
  }
  if (lost.length > 0) {
    throw new InputError(
      `${collection}: ${lost.length} of ${lost.length + embeddings.size} samples cannot be rebuilt, nothing was changed; the first is ${lost[0]}`,
    );
  }
  return embeddings;
}

async function embedSample(
  session: FaceSession,
  sample: Sample,
  args: ReembedArguments,
): Promise<Float32Array> {
  const { source, crop } = sample;
  const box = boxOf(sample.quality);
  // A square picture would pass, and not only its face be embedded.
  if (box && args.aligned) {
    throw new InputError(`${source}: its face was found when it was enrolled, it is no --aligned picture`);
  }
  try {
    const { faces } = await session.chips(source, { policy: args.faces ?? (box ? 'all' : 'largest') });
    const overlaps = faces.map(({ found }) => (box && found ? intersectionOverUnion(box, found.box) : 1));
    const best = overlaps.indexOf(Math.max(...overlaps));
    if (!(overlaps[best]! >= SAME_BOX)) {
      throw new InputError(`${source}: the face that was enrolled is not found where it was`);
    }
    return (await session.embed([faces[best]!.chip]))[0]!;
  } catch (error) {
    // The aligned face is smaller than the picture was, so the picture comes first.
    if (!(error instanceof InputError) || !crop) throw error;
    return (await session.embed([await session.chipOfCrop(crop)]))[0]!;
  }
}
