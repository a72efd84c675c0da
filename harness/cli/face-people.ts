// `facet face list`, `rename` and `remove`: what needs no net.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { checkName, describeContract } from '../../src/faces/gallery/checks.js';
import type { Collection } from '../../src/faces/gallery/collection.js';
import type { GalleryStore } from '../../src/faces/gallery/store.js';
import type { PersonFacts, Sample } from '../../src/faces/gallery/types.js';
import { type AuditArguments, audited, auditOption } from './audit.js';
import {
  collectionName,
  type DatabaseArguments,
  databaseOptions,
  needCollection,
  withStore,
} from './face-database.js';
import { print, printJson } from './face-options.js';

/** The sub-commands. */
export function peopleCommands(): Command[] {
  return [listCommand(), renameCommand(), removeCommand()];
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
  return auditOption(databaseOptions(command)).action(
    async (
      from: string,
      to: string,
      args: DatabaseArguments & AuditArguments & { merge?: boolean; json?: boolean },
    ) => {
      const deed = { action: 'rename', collection: collectionName(args), people: [from, to] } as const;
      const outcome = await audited(args, deed, async () => {
        const result = await withStore(args, async (store) =>
          (await open(store, args)).rename(from, to, { merge: args.merge === true }),
        );
        return { result, samples: result.samples };
      });
      if (args.json) printJson({ from, to, ...outcome });
      else print(`${from} is ${to} now${outcome.merged ? ', merged' : ''}: ${outcome.samples} samples`);
    },
  );
}

interface RemoveArguments extends DatabaseArguments, AuditArguments {
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
  return auditOption(databaseOptions(command)).action(async (people: string[], args: RemoveArguments) => {
    const { sample: ids = [], everybody = false } = args;
    if (everybody === people.length + ids.length > 0) {
      throw new InputError('remove wants names, --sample with ids, or --everybody');
    }
    const deed = { action: everybody ? 'drop' : 'remove', collection: collectionName(args), people } as const;
    await audited(args, deed, () =>
      withStore(args, async (store) => ({
        result: undefined,
        samples: everybody ? await removeAll(store, args) : await removeNamed(store, people, ids, args),
      })),
    );
  });
}

/** Removes the collection; how many samples it had. */
async function removeAll(store: GalleryStore, args: RemoveArguments): Promise<number> {
  const { name, samples } = await needCollection(store, args);
  await store.deleteCollection(name);
  if (args.json) printJson({ collection: name, samples });
  else print(`collection ${name}: removed with ${samples} samples`);
  return samples;
}

/** Removes people and single samples; how many samples went. */
async function removeNamed(
  store: GalleryStore,
  people: readonly string[],
  ids: readonly string[],
  args: RemoveArguments,
): Promise<number> {
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
  return removed.reduce((sum, { samples }) => sum + samples, 0);
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
