// What `facet face evaluate` says: words, and the HTML report.
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import type { PlattCalibration } from '../../src/faces/evaluation/calibration.js';
import type { Evaluation } from '../../src/faces/evaluation/evaluate.js';
import type { OperatingPoint } from '../../src/faces/evaluation/operating-point.js';
import { type Pair, type PairImage, pairImagePath } from '../../src/faces/evaluation/pairs.js';
import type { FoldedPair } from '../../src/faces/evaluation/scores.js';
import { worstPairs } from '../../src/faces/evaluation/worst.js';
import { evaluationReport, type ShownPair, type ShownPicture } from '../node/faces/report.js';

/** The JSON of the command. */
export interface EvaluateJson extends Evaluation {
  readonly net: string;
  readonly template: string;
  readonly pairsFile: string;
  readonly images: string;
  readonly aligned: boolean;
  /** Different pictures in the pairs. */
  readonly pictures: number;
  readonly foundAtLowerScore: readonly string[];
  readonly withoutFace: readonly string[];
  readonly seconds: number;
  readonly millisecondsPerPicture: number;
  readonly milliseconds: Readonly<Record<string, number>>;
  readonly operatingPoints: readonly OperatingPoint[];
  readonly calibration: PlattCalibration;
}

export interface EvaluateReport {
  readonly files: ReadonlyMap<string, string>;
  readonly scored: readonly (FoldedPair & Pair)[];
  readonly evaluation: Evaluation;
  readonly json: EvaluateJson;
}

/** Wrongly decided pairs of either kind that the report shows. */
const WORST = 12;
/** Side of their pictures in CSS pixels, twice that in the file. */
const THUMB = 96;

/** The HTML report, whole in one file. */
export async function htmlReport(
  { files, scored, evaluation, json }: EvaluateReport,
  { pairs, images }: { readonly pairs: string; readonly images: string },
): Promise<string> {
  const thresholds = evaluation.folds.map(({ threshold }) => threshold);
  const { rejected, accepted } = worstPairs(scored, thresholds, WORST);
  const worst: ShownPair[] = [];
  for (const i of [...rejected, ...accepted]) {
    const { a, b, same, distance, fold } = scored[i]!;
    worst.push({
      same,
      distance,
      threshold: thresholds[fold]!,
      pictures: [await shown(a, files), await shown(b, files)],
    });
  }
  return evaluationReport({
    title: `${json.net} on ${pairs}`,
    evaluation,
    pairs: scored,
    worst,
    facts: [
      ['net', json.net],
      ['template', json.template],
      ['pictures', `${json.pictures} in ${images}${json.aligned ? ', aligned already' : ''}`],
      ['found at a lower score', String(json.foundAtLowerScore.length)],
      ['without a face', String(json.withoutFace.length)],
    ],
  });
}

async function shown(image: PairImage, files: ReadonlyMap<string, string>): Promise<ShownPicture> {
  const bytes = await sharp(await readFile(files.get(pairImagePath(image))!))
    .autoOrient()
    .resize(2 * THUMB, 2 * THUMB, { fit: 'inside' })
    .jpeg({ quality: 80 })
    .toBuffer();
  return {
    caption: `${image.name} ${image.index}`,
    source: `data:image/jpeg;base64,${bytes.toString('base64')}`,
  };
}

/** The figures in words. */
export function describeEvaluation(json: EvaluateJson): string {
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const { accuracy, threshold } = json;
  const se = accuracy.se === null ? '' : ` (s.e. ${percent(accuracy.se)})`;
  return [
    `${json.net} on ${json.pairs.total} pairs of ${json.pictures} pictures, ${json.folds.length} folds${json.aligned ? ', aligned already' : ''}`,
    `accuracy   ${percent(accuracy.mean)} ± ${percent(accuracy.sd)}${se}, 95 % interval ${percent(accuracy.interval.low)} to ${percent(accuracy.interval.high)}`,
    `threshold  ${threshold.mean.toFixed(4)} ± ${threshold.sd.toFixed(4)} (squared L2, chosen on the other folds)`,
    `ROC AUC    ${json.auc.toFixed(5)}`,
    `EER        ${percent(json.eer)} at ${json.eerThreshold.toFixed(4)}`,
    ...json.valAtFar.map(
      ({ far, mean, farMean }) =>
        `VAL        ${percent(mean)} at FAR ${far} (held-out FAR ${farMean.toFixed(5)})`,
    ),
    `faces      ${json.pictures - json.foundAtLowerScore.length - json.withoutFace.length} found, ${json.foundAtLowerScore.length} at a lower score, ${json.withoutFace.length} taken about the middle`,
    `time       ${json.millisecondsPerPicture.toFixed(1)} ms a picture: ${Object.entries(json.milliseconds)
      .map(([stage, ms]) => `${stage} ${ms.toFixed(1)}`)
      .join(', ')}`,
  ].join('\n');
}
