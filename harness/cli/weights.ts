// `facet weights`: which weights there are, where they lie, fetching, checking and importing them.

import { stat } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { WeightsError } from '../../src/base/errors.js';
import { CONVENTIONS, type ConventionName, describeConvention } from '../../src/nets/manifest.js';
import { checkFaceNet } from '../node/faces/models.js';
import {
  cachedPath,
  embeddedPath,
  exists,
  listNets,
  loadFile,
  loadManifest,
  readBytes,
} from '../node/weights.js';
import { type Fetched, fetchWeights } from '../node/weights-fetch.js';
import { importWeights } from '../node/weights-store.js';
import { megabytes, transferBar } from './transfer-bar.js';
import { verifyWeights } from './weights-verify.js';

/** The deepest layer that style transfer as in the papers reads. */
const DEFAULT_LAYERS = 'conv5_1';

/** One net, as `list` shows it. */
interface ListedNet {
  net: string;
  title: string;
  where: 'embedded' | 'cache' | 'absent';
  path: string | null;
  bytes: number | null;
  licence: string;
  sources: string[];
}

/** The sub-command `weights` for commander. Its actions throw FacetError for bad input, with one line to print. */
export function weightsCommand(): Command {
  const weights = new Command('weights').description('list, fetch, check and import the weights of the nets');
  weights
    .command('list')
    .description('the nets, and where their weights lie')
    .option('--json', 'print JSON')
    .action(async (options: { json?: boolean }) => {
      const rows = await listWeights();
      print(options.json ? JSON.stringify(rows, null, 2) : listTable(rows));
    });
  weights
    .command('get')
    .description('fetch the weights of a net into the cache')
    .argument('<net>', 'vgg19 or vgg16')
    .option('--layers <layer>', 'fetch the layers up to this one', DEFAULT_LAYERS)
    .option('--whole', "fetch the whole file, to compare its hash with the publisher's")
    .option('--force', 'replace what is in the cache')
    .option('--quiet', 'no progress bar')
    .option('--json', 'print JSON')
    .action(getWeights);
  weights
    .command('verify')
    .description('check names, shapes, values and hash of stored weights')
    .argument('[target]', 'a net or a file; without it, all that is there')
    .option('--net <net>', 'the net that a file is for; without it, the first that it fits')
    .addOption(conventionOption())
    .option('--json', 'print JSON')
    .action(verifyWeights);
  weights
    .command('import')
    .description('check weights at hand and store them for a net')
    .argument(
      '<file>',
      "a file with torchvision, timm or Caffe names; for nn4.small2 also the course's folder of CSV files",
    )
    .requiredOption('--net <net>', 'the net that it is for')
    .addOption(conventionOption())
    .option('-o, --output <file>', 'write it there instead of the cache')
    .option('--force', 'replace an existing file')
    .option('--json', 'print JSON')
    .action(importFile);
  return weights;
}

function conventionOption(): Option {
  return new Option(
    '--input-convention <name>',
    'the input that the values were trained for, where the file does not tell',
  ).choices(Object.keys(CONVENTIONS));
}

/** Every net with a manifest and the file that a run would use. */
export async function listWeights(env: NodeJS.ProcessEnv = process.env): Promise<ListedNet[]> {
  return Promise.all(
    listNets().map(async (net) => {
      const manifest = await loadManifest(net);
      const { title, licence, sources } = manifest;
      const cached = cachedPath(net, env);
      const embedded = embeddedPath(manifest);
      const inCache = await exists(cached);
      const path = inCache ? cached : (embedded ?? null);
      const where = inCache ? 'cache' : embedded ? 'embedded' : 'absent';
      const bytes = path ? (await stat(path)).size : null;
      return { net, title, where, path, bytes, licence, sources: sources.map(({ url }) => url) };
    }),
  );
}

function listTable(rows: readonly ListedNet[]): string {
  const cells = rows.map(({ net, where, bytes, licence, path, title, sources }) => {
    return [
      net,
      where,
      bytes === null ? '' : megabytes(bytes),
      licence,
      path ?? (sources.length > 0 ? `facet weights get ${net}` : `facet weights import FILE --net ${net}`),
      title,
    ];
  });
  return table([['net', 'weights', 'size', 'licence', 'file or how to get it', ''], ...cells]);
}

async function getWeights(
  net: string,
  options: { layers: string; whole?: boolean; force?: boolean; quiet?: boolean; json?: boolean },
): Promise<void> {
  const manifest = await loadManifest(net);
  const to = cachedPath(net);
  const stop = new AbortController();
  const onInterrupt = () =>
    stop.abort(new WeightsError(`${net}: stopped; run it again to go on where it stopped`));
  process.once('SIGINT', onInterrupt);
  const progress = options.quiet || options.json ? undefined : transferBar(net);
  let stored: Fetched;
  try {
    stored = await fetchWeights({
      manifest,
      through: options.layers,
      to,
      whole: options.whole,
      force: options.force,
      signal: stop.signal,
      onProgress: progress?.update,
    });
  } finally {
    progress?.stop();
    process.off('SIGINT', onInterrupt);
  }
  if (options.json) {
    print(JSON.stringify(stored, null, 2));
    return;
  }
  print(
    `${stored.path}: ${net} through ${stored.through}, ${megabytes(stored.bytes)}, sha-256 ${stored.sha256}`,
  );
  if (stored.sourceSha256) print("The hash of the whole file was the publisher's.");
  else if (stored.firstUse) {
    const why = stored.ranged
      ? 'only a part of the file was fetched (--whole compares all of it)'
      : 'none is published';
    print(`No hash to compare with: ${why}. This one is remembered, a later fetch must equal it.`);
  } else print('The hash equals the one of the first fetch.');
}

async function importFile(
  file: string,
  options: {
    net: string;
    inputConvention?: ConventionName;
    output?: string;
    force?: boolean;
    json?: boolean;
  },
): Promise<void> {
  const manifest = await loadManifest(options.net);
  const to = options.output ?? cachedPath(options.net);
  const stored = await importWeights(file, {
    manifest,
    to,
    force: options.force,
    inputConvention: options.inputConvention,
    check: checkFaceNet,
  });
  if (options.json) {
    print(JSON.stringify(stored, null, 2));
    return;
  }
  const { path, through, bytes, sha256 } = stored;
  const { convention } = loadFile(path, await readBytes(path), manifest);
  print(`${path}: ${options.net} through ${through}, ${megabytes(bytes)}, sha-256 ${sha256}`);
  print(`Input: ${describeConvention(convention)}`);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
