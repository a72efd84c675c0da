// `facet face list`, `rename`, `remove`, `export` and `import`: what needs no net.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { checkName, describeContract } from '../../src/faces/gallery/checks.js';
import type { Collection } from '../../src/faces/gallery/collection.js';
import { decodeLines } from '../../src/faces/gallery/lines.js';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { PersonFacts, Sample } from '../../src/faces/gallery/types.js';
import { checkWritable, reasonOf, writeAtomically } from '../node/overwrite.js';
import {
  type DatabaseArguments,
  databaseOptions,
  needCollection,
  withStore,
  withStoreToFill,
} from './face-database.js';
import { print, printJson } from './face-options.js';

/** The sub-commands. */
export function peopleCommands(): Command[] {
  return [listCommand(), renameCommand(), removeCommand(), exportCommand(), importCommand()];
}

const open = async (store: GalleryStore, args: DatabaseArguments): Promise<Collection> =>
  store.openCollection((await needCollection(store, args)).name);

function listCommand(): Command {
  const command = new Command('list')
    .description('the collections and their people')
    .option('--person <name>', "that person's samples")
    .option('--json', 'print JSON');
  return databaseOptions(command).action(
    async (args: DatabaseArguments & { person?: string; json?: boolean }) => {
      await withStore(args, (store) =>
        args.person === undefined ? listPeople(store, args) : listSamples(store, args, args.person),
      );
    },
  );
}

async function listPeople(store: GalleryStore, args: DatabaseArguments & { json?: boolean }): Promise<void> {
  const all =
    args.collection === undefined ? await store.listCollections() : [await needCollection(store, args)];
  const collections = [];
  for (const facts of all) {
    const collection = await store.openCollection(facts.name);
    const people: PersonFacts[] = [];
    for (let after: string | undefined; ; ) {
      const page = await collection.people(after === undefined ? {} : { after });
      people.push(...page.items);
      after = page.next;
      if (after === undefined) break;
    }
    collections.push({ ...facts, people });
  }
  if (args.json) {
    printJson({ location: store.location, collections });
    return;
  }
  if (collections.length === 0) print(`${store.location}: no collection yet`);
  for (const { name, contract, threshold, people, samples } of collections) {
    const limit = threshold === null ? "the net's own threshold" : `threshold ${threshold.toFixed(4)}`;
    print(`${name}: ${people.length} people, ${samples} samples, ${describeContract(contract)}, ${limit}`);
    for (const person of people) print(`  ${person.name}  ${person.samples}`);
  }
}

async function listSamples(
  store: GalleryStore,
  args: DatabaseArguments & { json?: boolean },
  person: string,
): Promise<void> {
  const collection = await open(store, args);
  const samples: Omit<Sample, 'embedding' | 'crop'>[] = [];
  for (let after: string | undefined; ; ) {
    const page = await collection.samples(after === undefined ? { person } : { person, after });
    samples.push(...page.items.map(({ embedding: _, crop: __, ...facts }) => facts));
    after = page.next;
    if (after === undefined) break;
  }
  if (samples.length === 0) throw nobody(collection, person);
  if (args.json) printJson(samples);
  else for (const { id, time, source } of samples) print(`${id}  ${time}  ${source}`);
}

function renameCommand(): Command {
  const command = new Command('rename')
    .description('give a person another name')
    .argument('<from>')
    .argument('<to>')
    .option('--merge', 'the new name exists: make the two one person')
    .option('--json', 'print JSON');
  return databaseOptions(command).action(
    async (from: string, to: string, args: DatabaseArguments & { merge?: boolean; json?: boolean }) => {
      const outcome = await withStore(args, async (store) =>
        (await open(store, args)).rename(from, to, { merge: args.merge === true }),
      );
      if (args.json) printJson({ from, to, ...outcome });
      else print(`${from} is ${to} now${outcome.merged ? ', merged' : ''}: ${outcome.samples} samples`);
    },
  );
}

interface RemoveArguments extends DatabaseArguments {
  sample?: string[];
  everybody?: boolean;
  json?: boolean;
}

function removeCommand(): Command {
  const command = new Command('remove')
    .description('remove people with every trace of them, single samples, or a whole collection')
    .argument('[people...]', 'names')
    .option('--sample <id...>', 'samples by id, as list --person shows them')
    .option('--everybody', 'the whole collection')
    .option('--json', 'print JSON');
  return databaseOptions(command).action(async (people: string[], args: RemoveArguments) => {
    const { sample: ids = [], everybody = false } = args;
    if (everybody === people.length + ids.length > 0) {
      throw new InputError('remove wants names, --sample with ids, or --everybody');
    }
    await withStore(args, async (store) => {
      if (everybody) {
        const { name, samples } = await needCollection(store, args);
        await store.deleteCollection(name);
        if (args.json) printJson({ collection: name, samples });
        else print(`collection ${name}: removed with ${samples} samples`);
        return;
      }
      const collection = await open(store, args);
      const named = await namedIn(collection, people, ids);
      const removed: Removed[] = [];
      const done = (one: Removed) => {
        removed.push(one);
        if (!args.json) print(`removed ${one.person ?? one.sample}: ${one.samples} samples`);
      };
      try {
        for (const person of named.people) done({ person, samples: await collection.removePerson(person) });
        for (const sample of named.ids) {
          await collection.removeSample(sample);
          done({ sample, samples: 1 });
        }
      } finally {
        // Also where a later one fails: these are gone.
        if (args.json) printJson({ removed });
      }
    });
  });
}

interface Removed {
  readonly person?: string;
  readonly sample?: string;
  readonly samples: number;
}

/** What is to be removed, each once; InputError before anything is, where one of them is not there. */
async function namedIn(
  collection: Collection,
  people: readonly string[],
  ids: readonly string[],
): Promise<{ people: ReadonlySet<string>; ids: ReadonlySet<string> }> {
  const named = { people: new Set(people.map((name) => checkName(name, 'person'))), ids: new Set(ids) };
  for (const person of named.people) {
    if ((await collection.samples({ person, limit: 1 })).items.length === 0) throw nobody(collection, person);
  }
  const missing = new Set(named.ids);
  if (missing.size > 0) {
    for await (const page of collection.vectors()) {
      for (const [i, id] of page.ids.entries()) {
        if (!missing.delete(id)) continue;
        // Goes with its person.
        if (named.people.has(page.people[i]!)) named.ids.delete(id);
      }
    }
  }
  for (const id of missing) throw new InputError(`${collection}: there is no sample ${JSON.stringify(id)}`);
  return named;
}

function nobody(collection: Collection, person: string): InputError {
  return new InputError(`${collection}: there is nobody called ${JSON.stringify(person)}`);
}

function exportCommand(): Command {
  const command = new Command('export')
    .description('write a collection as JSON Lines')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .option('--force', 'replace a file that exists');
  return databaseOptions(command).action(
    async (args: DatabaseArguments & { output?: string; force?: boolean }) => {
      const { output } = args;
      // Names and faces: for the owner only, as the gallery itself.
      const write = { force: args.force === true, mode: 0o600 };
      if (output !== undefined) await checkWritable(output, write);
      await withStore(args, async (store) => {
        if (output !== undefined && resolve(output) === resolve(store.location)) {
          throw new InputError(`${output}: is the gallery itself`);
        }
        const lines = (await open(store, args)).exportLines();
        if (output === undefined) for await (const line of lines) print(line);
        else await writeAtomically(output, ended(lines), write);
      });
    },
  );
}

/** Lines with their ends. */
async function* ended(lines: AsyncIterable<string>): AsyncGenerator<string, void> {
  for await (const line of lines) yield `${line}\n`;
}

function importCommand(): Command {
  const command = new Command('import')
    .description('read an export into a collection, all of it or nothing')
    .argument('<file>', 'JSON Lines, as export wrote them')
    .option('--json', 'print JSON');
  return databaseOptions(command).action(
    async (file: string, args: DatabaseArguments & { json?: boolean }) => {
      const place = await stat(file).catch((error: NodeJS.ErrnoException) => {
        throw new InputError(`${file}: ${reasonOf(error)}`, { cause: error });
      });
      if (!place.isFile()) throw new InputError(`${file}: is not a regular file`);
      const into = args.collection === undefined ? {} : { into: args.collection };
      const outcome = await withStoreToFill(args, async (store) => {
        // All of it is read before a missing store is made.
        const read = await decodeLines(linesOf(file), file);
        return (await store.open()).importExport(read, file, into);
      });
      if (args.json) {
        printJson(outcome);
        return;
      }
      print(
        `collection ${outcome.collection}: ${outcome.enrolled} enrolled, ${outcome.duplicates} there already`,
      );
      for (const { line, person, known } of outcome.conflicts) {
        print(`  line ${line}: ${person} is there as ${known}`);
      }
    },
  );
}

/** Opened when the first line is asked for: what is read before anybody listens would be lost. */
async function* linesOf(file: string): AsyncGenerator<string, void> {
  yield* createInterface({
    input: createReadStream(file, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
}
