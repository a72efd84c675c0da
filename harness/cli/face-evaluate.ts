// `facet face evaluate`: how well a net tells people apart, on a list of pairs in LFW's form.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { fitPlatt } from '../../src/faces/evaluation/calibration.js';
import { evaluate, splitFolds } from '../../src/faces/evaluation/evaluate.js';
import { operatingPoint } from '../../src/faces/evaluation/operating-point.js';
import { type Pair, type PairList, pairImagePath, parsePairs } from '../../src/faces/evaluation/pairs.js';
import { assertFar } from '../../src/faces/evaluation/thresholds.js';
import { squaredDistance } from '../../src/faces/gallery/distance.js';
import { type EmbeddedPictures, embedPictures } from '../node/faces/embed-pictures.js';
import { checkWritable, reasonOf, writeAtomically } from '../node/overwrite.js';
import { exists } from '../node/weights.js';
import { numberList, oneOf, wholeNumber } from './arguments.js';
import { EvaluateBar } from './face-bar.js';
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
import { describeEvaluation, type EvaluateReport, htmlReport } from './face-report.js';
import { FaceSession, modelsOf } from './face-session.js';

interface EvaluateArguments extends FindArguments, NetArguments {
  pairs: string;
  images: string;
  folds?: number;
  compat?: 'openface' | 'facenet';
  far: number[];
  bootstrap: number;
  seed: number;
  report?: string;
  force?: boolean;
  json?: boolean;
  quiet?: boolean;
}

/** Folds of a list that has none, as LFW's View 2 has them. */
const FOLDS = 10;

/** The sub-command `evaluate`. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('measure a net on pairs of pictures, as LFW does: accuracy over folds, ROC, EER, VAL at FAR')
    .requiredOption('--pairs <file>', "list of pairs in the form of LFW's pairs.txt")
    .requiredOption('--images <dir>', 'folder with NAME/NAME_0001.jpg (or .png, .webp …)')
    .option(
      '--folds <n>',
      `cut the list into n folds anew (default: its own folds, ${FOLDS} where it has none)`,
      wholeNumber('--folds'),
    )
    .option(
      '--compat <protocol>',
      'openface | facenet: choose thresholds as those published figures did',
      oneOf('--compat', ['openface', 'facenet'] as const),
    )
    .option(
      '--far <rates>',
      'false accept rates to give the true accept rate at',
      numberList('--far'),
      [0.001],
    )
    .option('--bootstrap <n>', 'samples for the intervals', wholeNumber('--bootstrap'), 2000)
    .option('--seed <n>', 'of the bootstrap', wholeNumber('--seed'), 0)
    .option('--report <file>', 'write an HTML report with ROC, histograms and the worst pairs')
    .option('--force', 'replace a report that exists')
    .option('--quiet', 'no progress')
    .option('--json', 'print JSON');
  findOptions(command, 'centre', ONE_FACE);
  netOptions(command);
  return command
    .addHelpText(
      'after',
      `
A picture in which no face is found is searched again with --min-score 0.1, then
taken about its middle; the report counts both. Distances are squared L2 of
vectors of length 1.
Example: facet face evaluate --pairs pairs.txt --images lfw/ --report lfw.html`,
    )
    .action(runEvaluate);
}

async function runEvaluate(args: EvaluateArguments): Promise<void> {
  const text = await readFile(args.pairs, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${args.pairs}: ${reasonOf(error)}`, { cause: error });
  });
  const list = parsePairs(text, args.pairs);
  // Before the pictures are embedded, which takes long.
  const pairs = foldsOf(list, args.folds);
  for (const far of args.far) assertFar('--far', far);
  if (args.bootstrap < 1) throw new InputError(`--bootstrap must be at least 1, got ${args.bootstrap}`);
  if (args.report !== undefined) await checkWritable(args.report, args);
  const files = await findFiles(list, args.images);
  const models = await modelsOf(args);
  const started = performance.now();
  const embedded = await FaceSession.run(models, args, findArguments(args, 'centre'), async (session) => {
    const bar = new EvaluateBar(files.size, args.quiet === true || args.json === true);
    try {
      return await embedPictures(
        session.pipeline,
        session.embedder,
        [...files.values()],
        { ...findArguments(args, 'centre'), aligned: args.aligned === true },
        (done) => bar.update(done),
      );
    } finally {
      bar.stop();
    }
  });
  const report = judge(pairs, files, embedded, args, (performance.now() - started) / 1000);
  if (args.report !== undefined) {
    await writeAtomically(args.report, await htmlReport(report, args), args.force ? { force: true } : {});
  }
  if (args.json) printJson(report.json);
  else print(describeEvaluation(report.json));
}

/** The file of each picture that the list names, by the path that LFW gives it; InputError for the first that is missing. */
async function findFiles(list: PairList, folder: string): Promise<Map<string, string>> {
  if (!(await exists(folder))) throw new InputError(`--images ${folder}: does not exist`);
  const files = new Map<string, string>();
  for (const { a, b, line } of list.pairs) {
    for (const image of [a, b]) {
      const name = pairImagePath(image);
      if (files.has(name)) continue;
      const found = await firstOf(join(folder, name));
      if (!found) {
        throw new InputError(`${join(folder, name)}.jpg: does not exist, the pair on line ${line} needs it`);
      }
      files.set(name, found);
    }
  }
  return files;
}

async function firstOf(stem: string): Promise<string | undefined> {
  for (const ending of ['.jpg', '.jpeg', '.png', '.webp', '.JPG', '.PNG', '.tif', '.tiff', '.avif']) {
    if (await exists(stem + ending)) return stem + ending;
  }
  return undefined;
}

/** A list's own folds, or `count` of them cut anew; InputError where it has too few pairs. */
function foldsOf({ pairs, folds }: PairList, count: number | undefined): readonly Pair[] {
  return count === undefined && folds > 1 ? pairs : splitFolds(pairs, count ?? FOLDS);
}

function judge(
  list: readonly Pair[],
  files: ReadonlyMap<string, string>,
  embedded: EmbeddedPictures,
  args: EvaluateArguments,
  seconds: number,
): EvaluateReport {
  const vector = (image: Pair['a']) => embedded.embeddings.get(files.get(pairImagePath(image))!)!;
  const pairs = list.map((pair) => ({ ...pair, distance: squaredDistance(vector(pair.a), vector(pair.b)) }));
  const evaluation = evaluate(pairs, {
    protocol: args.compat ?? 'exact',
    fars: args.far,
    bootstrap: { replicates: args.bootstrap, seed: args.seed },
  });
  return {
    files,
    scored: pairs,
    evaluation,
    json: {
      net: embedded.net,
      template: embedded.template,
      pairsFile: args.pairs,
      images: args.images,
      aligned: args.aligned === true,
      pictures: files.size,
      foundAtLowerScore: embedded.weak,
      withoutFace: embedded.missed,
      seconds,
      millisecondsPerPicture: (1000 * seconds) / files.size,
      milliseconds: embedded.milliseconds,
      ...evaluation,
      // What a net's default threshold and probability are made of.
      operatingPoints: args.far.map((far) => operatingPoint(pairs, far)),
      calibration: fitPlatt(pairs),
    },
  };
}
