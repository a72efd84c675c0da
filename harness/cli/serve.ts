// `facet serve` and `facet worker`: pictures and faces over HTTP, and the processes that make them.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { dataFolder, packageRoot } from '../../src/platform/node-paths.js';
import { reasonOf } from '../node/overwrite.js';
import { Gpu } from '../serve/gpu.js';
import { openJobs } from '../serve/jobs/open.js';
import { DEFAULT_LIMITS, startService, workerName } from '../serve/service.js';
import { GpuStyleEngine } from '../serve/style-work.js';
import { Worker } from '../serve/worker.js';
import { precisionOption, realNumber, wholeNumber } from './arguments.js';
import { givenPassphrase } from './passphrase.js';
import { readTuning, tuningOption } from './tuning-option.js';

interface StoreArguments {
  db?: string;
  data?: string;
  checkpointEvery: number;
  lease: number;
  precision: Precision;
  tuning?: string;
  quiet?: boolean;
}

interface ServeArguments extends StoreArguments {
  host: string;
  port: number;
  tokenFile?: string;
  passphraseFile?: string;
  work: boolean;
  site?: string;
  maxUpload: number;
  maxPixels: number;
  maxSize: number;
  maxIterations: number;
  maxQueued: number;
  rate: number;
  requestSeconds: number;
}

/** The sub-command `serve`. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('serve pictures and faces over HTTP, on this machine only unless told otherwise')
    .option('--host <address>', 'address to listen on; another than loopback needs a token', '127.0.0.1')
    .option('--port <n>', 'port; 0 takes a free one', wholeNumber('--port'), 8480)
    .option('--token-file <file>', 'file with the token that clients send (default: $FACET_TOKEN)')
    .option(
      '--passphrase-file <file>',
      'file with the passphrase of an encrypted gallery (default: $FACET_GALLERY_PASSPHRASE)',
    )
    .option('--no-work', 'make no pictures: facet worker does, elsewhere')
    .option('--site <folder>', 'pages to serve (default: the studio, where it was built)')
    .optionsGroup('Limits:')
    .option(
      '--max-upload <MiB>',
      'of one request',
      realNumber('--max-upload'),
      DEFAULT_LIMITS.maxUpload / 2 ** 20,
    )
    .option(
      '--max-pixels <n>',
      'of a picture that comes in',
      wholeNumber('--max-pixels'),
      DEFAULT_LIMITS.maxPixels,
    )
    .option('--max-size <px>', 'long side of a result', wholeNumber('--max-size'), DEFAULT_LIMITS.maxSize)
    .option(
      '--max-iterations <n>',
      'steps of a run',
      wholeNumber('--max-iterations'),
      DEFAULT_LIMITS.maxIterations,
    )
    .option('--max-queued <n>', 'jobs that wait', wholeNumber('--max-queued'), DEFAULT_LIMITS.maxQueued)
    .option('--rate <n>', 'requests a second of one client', realNumber('--rate'), DEFAULT_LIMITS.rate)
    .option(
      '--request-seconds <s>',
      'time that a request may take',
      realNumber('--request-seconds'),
      DEFAULT_LIMITS.requestSeconds,
    );
  return storeOptions(command)
    .addHelpText(
      'after',
      '\nSIGTERM ends it: the picture that is being made is kept, and gone on with at the next start.\nExamples:\n  facet serve\n  FACET_TOKEN=$(openssl rand -hex 32) facet serve --host 0.0.0.0',
    )
    .action(async (args: ServeArguments) => runServe(args));
}

/** The sub-command `worker`. */
export function workerCommand(): Command {
  const command = new Command('worker').description(
    'make the pictures of a service that other processes or machines serve; any number may run',
  );
  return storeOptions(command)
    .addHelpText('after', '\nExample:\n  FACET_DATABASE_URL=postgres://… facet worker')
    .action(async (args: StoreArguments) => runWorker(args));
}

function storeOptions(command: Command): Command {
  return command
    .optionsGroup('Store:')
    .option('--db <url>', 'postgres://… of jobs and gallery (default: $FACET_DATABASE_URL, else files)')
    .option('--data <folder>', 'folder of jobs, gallery and audit log (default: the data folder)')
    .option(
      '--checkpoint-every <s>',
      'seconds between checkpoints: so much work a crash costs',
      realNumber('--checkpoint-every'),
      10,
    )
    .option('--lease <s>', 'seconds of silence after which a worker is given up', realNumber('--lease'), 15)
    .optionsGroup('Computing:')
    .addOption(precisionOption())
    .addOption(tuningOption())
    .option('--quiet', 'print errors only');
}

async function runServe(args: ServeArguments): Promise<void> {
  const token = await tokenOf(args.tokenFile);
  const passphrase = await givenPassphrase(args.passphraseFile);
  delete process.env.FACET_GALLERY_PASSPHRASE;
  const { log, ...common } = await commonOf(args);
  const positive = [
    'maxUpload',
    'maxPixels',
    'maxSize',
    'maxIterations',
    'maxQueued',
    'rate',
    'requestSeconds',
  ];
  for (const [name, value] of Object.entries(args)) {
    if (positive.includes(name) && !(value > 0))
      throw new InputError(`${name} must be above 0, got ${value}`);
  }
  if (args.port < 0 || args.port > 65535)
    throw new InputError(`--port must be in 0..65535, got ${args.port}`);
  const maxUpload = Math.round(args.maxUpload * 2 ** 20);
  const { maxPixels, maxSize, maxIterations, maxQueued, rate, requestSeconds } = args;
  const service = await startService({
    ...common,
    log,
    host: args.host,
    port: args.port,
    token,
    passphrase,
    work: args.work,
    worker: { checkpointEvery: args.checkpointEvery * 1000, beat: args.lease * 200 },
    site: args.site ?? studio(),
    processMetrics: true,
    limits: {
      ...{ maxUpload, maxUploads: 4 * maxUpload, maxPixels, maxSize, maxIterations, maxQueued },
      ...{ rate, burst: 4 * rate, requestSeconds },
    },
  });
  log(`listening on ${service.url}${token === undefined ? '' : ', with a token'}`);
  await ended();
  log('stopping: the picture that is being made is kept');
  await service.stop();
}

async function runWorker(args: StoreArguments): Promise<void> {
  const { log, folder, database, jobs, gpu: options, precision } = await commonOf(args);
  const store = await openJobs(database, folder, jobs);
  const gpu = new Gpu({ ...options, precision });
  const stop = new AbortController();
  const name = workerName();
  const worker = new Worker(store, new GpuStyleEngine(gpu), {
    name,
    log,
    checkpointEvery: args.checkpointEvery * 1000,
    beat: args.lease * 200,
  });
  log(`worker ${name} takes jobs of ${store.location}`);
  const working = worker.run(stop.signal);
  await ended();
  stop.abort();
  await working;
  await gpu.dispose();
  await store.close();
}

async function commonOf(args: StoreArguments) {
  for (const [option, value] of [
    ['--checkpoint-every', args.checkpointEvery],
    ['--lease', args.lease],
  ] as const) {
    if (!(value > 0)) throw new InputError(`${option} must be above 0, got ${value}`);
  }
  const log = (line: string) => {
    if (!args.quiet) process.stderr.write(`facet: ${line}\n`);
  };
  return {
    folder: args.data ?? dataFolder(),
    database: args.db ?? (process.env.FACET_DATABASE_URL || undefined),
    jobs: { lease: args.lease * 1000 },
    gpu: await readTuning(args.tuning),
    precision: args.precision,
    log,
  };
}

/** The token, which is taken out of the environment so that nothing else sees it. */
async function tokenOf(file: string | undefined): Promise<string | undefined> {
  const { FACET_TOKEN: given } = process.env;
  delete process.env.FACET_TOKEN;
  if (file === undefined) return given === undefined || given === '' ? undefined : given;
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`--token-file ${file}: ${reasonOf(error)}`, { cause: error });
  });
  return text.trim();
}

/** The studio's folder, if it was built. */
function studio(): string | undefined {
  const folder = join(packageRoot(), 'dist', 'web');
  return existsSync(join(folder, 'index.html')) ? folder : undefined;
}

/** Resolves at the first SIGINT or SIGTERM; the second ends the process. */
function ended(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(130));
        done();
      });
    }
  });
}
