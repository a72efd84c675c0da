// `facet face export` and `import`: a collection as JSON Lines.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { checkName } from '../../src/faces/gallery/checks.js';
import { decodeLines } from '../../src/faces/gallery/lines.js';
import { checkWritable, reasonOf, writeAtomically } from '../node/overwrite.js';
import { type AuditArguments, audited, auditOption } from './audit.js';
import {
  collectionName,
  type DatabaseArguments,
  databaseOptions,
  needCollection,
  withStore,
  withStoreToFill,
} from './face-database.js';
import { print, printJson } from './face-options.js';

interface ExportArguments extends DatabaseArguments, AuditArguments {
  output?: string;
  force?: boolean;
}

interface ImportArguments extends DatabaseArguments, AuditArguments {
  json?: boolean;
}

/** The sub-commands. */
export function exportCommands(): Command[] {
  return [exportCommand(), importCommand()];
}

function exportCommand(): Command {
  const command = new Command('export')
    .description('write a collection as JSON Lines, in clear also from an encrypted gallery')
    .option('-o, --output <file>', 'file to write (default: standard output)')
    .option('--force', 'replace a file that exists');
  return auditOption(databaseOptions(command)).action(async (args: ExportArguments) => {
    const deed = { action: 'export', collection: collectionName(args) } as const;
    await audited(args, deed, async () => ({ result: undefined, samples: await runExport(args) }));
  });
}

/** How many samples were written. */
async function runExport(args: ExportArguments): Promise<number> {
  const { output } = args;
  // Names and faces: for the owner only, as the gallery itself.
  const write = { force: args.force === true, mode: 0o600 };
  if (output !== undefined) await checkWritable(output, write);
  return withStore(args, async (store) => {
    if (output !== undefined && resolve(output) === resolve(store.location)) {
      throw new InputError(`${output}: is the gallery itself`);
    }
    const { name, samples } = await needCollection(store, args);
    const lines = (await store.openCollection(name)).exportLines();
    if (output === undefined) for await (const line of lines) print(line);
    else await writeAtomically(output, ended(lines), write);
    return samples;
  });
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
  return auditOption(databaseOptions(command)).action(runImport);
}

async function runImport(file: string, args: ImportArguments): Promise<void> {
  const place = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${file}: ${reasonOf(error)}`, { cause: error });
  });
  if (!place.isFile()) throw new InputError(`${file}: is not a regular file`);
  const outcome = await withStoreToFill(args, async (store) => {
    // All of it is read before a missing store is made.
    const read = await decodeLines(linesOf(file), file);
    const into = args.collection === undefined ? read.record.name : checkName(args.collection, 'collection');
    return audited(args, { action: 'import', collection: into }, async () => {
      const result = await (await store.open()).importExport(read, file, { into });
      return { result, samples: result.enrolled };
    });
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
}

/** Opened when the first line is asked for: what is read before anybody listens would be lost. */
async function* linesOf(file: string): AsyncGenerator<string, void> {
  yield* createInterface({
    input: createReadStream(file, 'utf8'),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
}
