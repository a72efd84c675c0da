// The result of an evaluation as one HTML file: no script, nothing loaded from elsewhere.
import type { Evaluation } from '../../../src/faces/evaluation/evaluate.js';
import { rocCurve } from '../../../src/faces/evaluation/roc.js';
import type { FoldedPair } from '../../../src/faces/evaluation/scores.js';
import { distanceChart, rocChart } from './charts.js';

/** A wrongly decided pair as the report shows it. */
export interface ShownPair {
  readonly same: boolean;
  readonly distance: number;
  readonly threshold: number;
  /** Two pictures: a caption, and a `data:image/` URI made by the caller, or none when it should not be shown. */
  readonly pictures: readonly [ShownPicture, ShownPicture];
}

export interface ShownPicture {
  readonly caption: string;
  readonly source?: string;
}

export interface ReportContent {
  readonly title: string;
  readonly evaluation: Evaluation;
  readonly pairs: readonly FoldedPair[];
  /** Lines for the head of the report: net, weights, template, list of pairs, date. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  readonly worst?: readonly ShownPair[];
}

const CHART = { width: 560, height: 380 };

/** The report as a standalone HTML document. Every text is escaped; a picture that is no data URI is left out. */
export function evaluationReport({
  title,
  evaluation,
  pairs,
  facts = [],
  worst = [],
}: ReportContent): string {
  const { accuracy, threshold, auc, aucInterval, eer } = evaluation;
  const level = levelOf(evaluation);
  const tiles = [
    ['Accuracy', percent(accuracy.mean), spread(evaluation)],
    [
      'ROC AUC',
      auc.toFixed(4),
      `${level} interval ${aucInterval.low.toFixed(4)} to ${aucInterval.high.toFixed(4)}`,
    ],
    ['Equal error rate', percent(eer), `at distance ${evaluation.eerThreshold.toFixed(3)}`],
    ...evaluation.valAtFar.map(({ far, mean, resolution }) => [
      `TAR at FAR ${far}`,
      percent(mean),
      far < resolution
        ? `too few pairs: finest FAR is ${resolution.toPrecision(2)}`
        : 'thresholds of the other folds',
    ]),
  ];
  const body = [
    `<header><h1>${escapeHtml(title)}</h1>${definitions(facts)}</header>`,
    `<section class="tiles">${tiles.map(([name, value, note]) => tile(name!, value!, note!)).join('')}</section>`,
    '<section class="charts">',
    figure(
      'Receiver operating characteristic',
      rocChart(rocCurve(pairs), eer, evaluation.pairs.different, CHART),
    ),
    figure('Distances', distanceChart(pairs, threshold.mean, CHART)),
    '</section>',
    `<section><h2>Figures</h2>${figures(evaluation)}</section>`,
    `<section><h2>Folds</h2>${folds(evaluation)}</section>`,
    gallery(
      'One person, taken for two',
      worst.filter(({ same }) => same),
    ),
    gallery(
      'Two people, taken for one',
      worst.filter(({ same }) => !same),
    ),
    `<footer>${notes(evaluation)}</footer>`,
  ].join('\n');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(2)} %`;
}

function levelOf({ bootstrap }: Evaluation): string {
  return `${Number((100 * bootstrap.level).toFixed(4))} %`;
}

function spread({ accuracy }: Evaluation): string {
  const error = accuracy.se === null ? '' : `, s.e. ${(100 * accuracy.se).toFixed(2)}`;
  return `s.d. ${(100 * accuracy.sd).toFixed(2)}${error}`;
}

function tile(name: string, value: string, note: string): string {
  return `<div class="tile"><span>${escapeHtml(name)}</span><strong>${escapeHtml(value)}</strong><small>${escapeHtml(note)}</small></div>`;
}

function figure(caption: string, svg: string): string {
  return `<figure><figcaption>${escapeHtml(caption)}</figcaption>${svg}</figure>`;
}

function definitions(facts: readonly (readonly [string, string])[]): string {
  if (facts.length === 0) return '';
  const rows = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<dl>${rows.join('')}</dl>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${line(head, 'th')}</thead><tbody>${rows.map((row) => line(row, 'td')).join('')}</tbody></table></div>`;
}

function figures(evaluation: Evaluation): string {
  const { accuracy, auc, aucInterval, eer, eerThreshold, bestOnAll, pairs, threshold } = evaluation;
  const level = levelOf(evaluation);
  const { interval } = accuracy;
  return table(
    ['figure', 'value', 's.d.', 's.e.', 'remark'],
    [
      [
        'accuracy, thresholds from the other folds',
        accuracy.mean.toFixed(4),
        accuracy.sd.toFixed(4),
        accuracy.se?.toFixed(4) ?? '',
        `${level} interval ${interval.low.toFixed(4)} to ${interval.high.toFixed(4)}`,
      ],
      [
        'accuracy, best single threshold on all pairs',
        bestOnAll.accuracy.toFixed(4),
        '',
        '',
        `at ${bestOnAll.threshold.toFixed(4)}; too good by nature`,
      ],
      [
        'threshold',
        threshold.mean.toFixed(4),
        threshold.sd.toFixed(4),
        threshold.se?.toFixed(4) ?? '',
        'mean over the folds',
      ],
      [
        'area under the ROC curve',
        auc.toFixed(4),
        '',
        '',
        `${level} interval ${aucInterval.low.toFixed(4)} to ${aucInterval.high.toFixed(4)}`,
      ],
      ['equal error rate', eer.toFixed(4), '', '', `at ${eerThreshold.toFixed(4)}`],
      ...evaluation.valAtFar.map(({ far, mean, sd, se, farMean, resolution }) => [
        `true accept rate at false accept rate ${far}`,
        mean.toFixed(4),
        sd.toFixed(4),
        se?.toFixed(4) ?? '',
        `held-out FAR ${farMean.toFixed(5)}${far < resolution ? `; not resolved, finest is ${resolution.toPrecision(2)}` : ''}`,
      ]),
      ['pairs', String(pairs.total), '', '', `${pairs.same} of one person, ${pairs.different} of two`],
    ],
  );
}

function folds({ folds: results }: Evaluation): string {
  return table(
    ['fold', 'pairs', 'threshold', 'accuracy on the others', 'accuracy'],
    results.map(({ fold, pairs, threshold, trainAccuracy, accuracy }) => [
      String(fold + 1),
      String(pairs),
      threshold.toFixed(4),
      trainAccuracy.toFixed(4),
      accuracy.toFixed(4),
    ]),
  );
}

function gallery(heading: string, worst: readonly ShownPair[]): string {
  if (worst.length === 0) return '';
  const cards = worst.map(({ distance, threshold, pictures }) => {
    const shown = pictures.map(({ caption, source }) => {
      const image = source && /^data:image\/(?:png|jpeg|webp);base64,[A-Za-z0-9+/=]+$/.test(source);
      const picture = image
        ? `<img src="${source}" alt="${escapeHtml(caption)}">`
        : '<div class="blank"></div>';
      return `<div>${picture}<small>${escapeHtml(caption)}</small></div>`;
    });
    return `<li><div class="pair">${shown.join('')}</div><span>distance ${distance.toFixed(3)}, threshold ${threshold.toFixed(3)}</span></li>`;
  });
  return `<section><h2>${escapeHtml(heading)}</h2><ul class="gallery">${cards.join('')}</ul></section>`;
}

function notes({ protocol, bootstrap, folds: results }: Evaluation): string {
  const how = {
    exact: 'between observed distances, of equally good ones the middle one',
    openface: "on OpenFace's grid 0, 0.01 ... 3.99, stopped at the first decrease",
    facenet: "on facenet's grid 0, 0.01 ... 3.99, the first of the best; rates by interpolation",
  }[protocol];
  const divisor = protocol === 'exact' ? 'n - 1' : 'n, as published';
  return [
    `<p>A pair counts as one person when its distance is below the threshold. Each of the ${results.length} folds is decided with a threshold chosen on the others, ${how}.</p>`,
    `<p>s.d. is the standard deviation over folds (divisor ${divisor}), s.e. the standard error of the mean. Intervals: ${bootstrap.replicates} bootstrap samples of the pairs, seed ${bootstrap.seed}; people who stand in several pairs make the true uncertainty somewhat larger.</p>`,
  ].join('');
}

/** Text as HTML shows it. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light;--ink:#1d1d1b;--soft:#62625c;--rule:#dddcd6;--paper:#fafaf7}
*{box-sizing:border-box}
body{margin:0 auto;padding:2.5rem 1.5rem;max-width:76rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .8rem}
h2{font-size:1.1rem;margin:2.2rem 0 .7rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:0;color:var(--soft)}
dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:1rem;margin:1.8rem 0}
.tile,figure{background:#fff;border:1px solid var(--rule);border-radius:8px;padding:1rem}
.tile span,.tile small{display:block;color:var(--soft)}
.tile strong{display:block;font-size:1.9rem;line-height:1.3;font-variant-numeric:tabular-nums}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(30rem,100%),1fr));gap:1rem}
figure{margin:0}figcaption{font-weight:600;margin-bottom:.4rem}
figure svg{display:block;width:100%;height:auto}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;background:#fff;border:1px solid var(--rule);font-variant-numeric:tabular-nums}
th,td{padding:.4rem .8rem;text-align:left;border-bottom:1px solid var(--rule)}
th{font-weight:600;color:var(--soft)}
.gallery{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1rem;padding:0;margin:0;list-style:none}
.gallery li{background:#fff;border:1px solid var(--rule);border-radius:8px;padding:.8rem}
.gallery span{display:block;margin-top:.5rem;color:var(--soft);font-variant-numeric:tabular-nums}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:.5rem}
.pair img,.blank{display:block;width:100%;aspect-ratio:1;object-fit:cover;border-radius:4px;background:#ecebe6}
.pair small{display:block;overflow-wrap:anywhere;line-height:1.3;margin-top:.3rem}
footer{margin-top:2.5rem;color:var(--soft);font-size:.9rem}
@media print{body{max-width:none;padding:0}figure,.tile,li,tr{break-inside:avoid}}
`;
