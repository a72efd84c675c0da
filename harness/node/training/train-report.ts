// A training as one HTML file: losses, people held out, what was used and what was skipped. No script, nothing loaded.
import { LineChart, type LineSeriesOption } from 'echarts/charts';
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
} from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { escapeHtml } from '../faces/report.js';
import { logRange, tick } from '../trace.js';
import type { LogLine, StepLine, ValidationLine } from './train-log.js';

use([LineChart, GridComponent, LegendComponent, SVGRenderer]);

type ChartOption = ComposeOption<LineSeriesOption | GridComponentOption | LegendComponentOption>;

export interface TrainReport {
  readonly title: string;
  readonly lines: readonly LogLine[];
  /** Lines for the head: net, teacher, people, adapter. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** What was left out and why, one line each. */
  readonly skipped: readonly string[];
}

/** Told apart by the colour-blind (after M. Okabe and K. Ito, 2008). */
const COLORS = ['#1a1a1a', '#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00'];
const INK = '#333333';
const RULE = '#e3e3e0';
const SIZE = { width: 560, height: 360 };
/** A line of more points than pixels shows no more. */
const MOST_POINTS = 600;

interface Series {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number | null])[];
  /** Thin and pale: single batches behind their average. */
  readonly faint?: boolean;
}

/** The report as a standalone HTML document. Every text is escaped. */
export function trainReport({ title, lines, facts, skipped }: TrainReport): string {
  const steps = lines.filter((line): line is StepLine => line.kind === 'step');
  const validations = lines.filter((line): line is ValidationLine => line.kind === 'validation');
  const alarms = [
    ...new Set(steps.flatMap(({ step, alarms: told }) => told.map((text) => `step ${step}: ${text}`))),
  ];
  const body = [
    `<header><h1>${escapeHtml(title)}</h1><dl>${facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl></header>`,
    '<section class="charts">',
    figure('Loss', lineChart(lossSeries(steps), 'loss (log scale)', true)),
    ...partGroups(steps).map(([name, series]) =>
      figure(`Loss: ${name}`, lineChart(series, `${name} (log scale)`, true)),
    ),
    validations.length > 0
      ? figure(
          'People held out',
          lineChart(
            [
              {
                name: 'share of pairs right',
                points: validations.map(({ step, accuracy }) => [step, accuracy]),
              },
              { name: 'AUC', points: validations.map(({ step, auc }) => [step, auc]) },
            ],
            'share',
            false,
          ),
        )
      : '',
    figure(
      'Norm of the gradient',
      lineChart([of(steps, 'norm', ({ gradientNorm }) => gradientNorm)], 'norm (log scale)', true),
    ),
    figure(
      'Learning rate',
      lineChart([of(steps, 'learning rate', ({ learningRate }) => learningRate)], 'learning rate', false),
    ),
    steps.some(({ triplets }) => triplets)
      ? figure(
          'Triplets',
          lineChart(
            [
              of(steps, 'share active', ({ triplets }) => triplets?.active ?? null),
              of(
                steps,
                'mean squared distance of two embeddings',
                ({ triplets }) => triplets?.spread ?? null,
              ),
            ],
            '',
            false,
          ),
        )
      : '',
    figure(
      'Throughput',
      lineChart(
        [of(steps, 'pictures a second', ({ picturesPerSecond }) => picturesPerSecond)],
        'pictures a second',
        false,
      ),
    ),
    '</section>',
    list('Alarms', alarms),
    list('Left out', skipped),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>
body{font:15px/1.5 system-ui,sans-serif;color:${INK};max-width:1180px;margin:2em auto;padding:0 1em}
h1{font-size:1.5em}h2{font-size:1.1em;margin:0 0 .3em}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1.2em}dt{color:#666}dd{margin:0}
.charts{display:flex;flex-wrap:wrap;gap:1.5em}figure{margin:0}
</style></head><body>
${body.filter((part) => part !== '').join('\n')}
</body></html>
`;
}

function of(steps: readonly StepLine[], name: string, value: (line: StepLine) => number | null): Series {
  return { name, points: steps.map((line) => [line.step, value(line)]) };
}

/** The loss, its running mean and, where there are several, its parts. */
function lossSeries(steps: readonly StepLine[]): Series[] {
  const names = Object.keys(steps[0]?.parts ?? {}).filter((name) => !name.includes(' '));
  const parts =
    names.length > 1 ? names.map((name) => of(steps, name, ({ parts: own }) => own[name] ?? null)) : [];
  let mean: number | null = null;
  const smooth = steps.map(({ step, loss }): [number, number | null] => {
    if (loss !== null) mean = mean === null ? loss : 0.9 * mean + 0.1 * loss;
    return [step, mean];
  });
  return [
    { name: 'loss, running mean', points: smooth },
    ...parts,
    { ...of(steps, 'loss', ({ loss }) => loss), faint: true },
  ];
}

/** Parts whose names are of two words, `gram relu1_1`: a chart for each first word. */
function partGroups(steps: readonly StepLine[]): [string, Series[]][] {
  const groups = new Map<string, Series[]>();
  for (const name of Object.keys(steps[0]?.parts ?? {})) {
    const [kind, place] = name.split(' ');
    if (place === undefined) continue;
    const series = of(steps, place, ({ parts }) => parts[name] ?? null);
    groups.set(kind!, [...(groups.get(kind!) ?? []), series]);
  }
  return [...groups];
}

function lineChart(series: readonly Series[], name: string, logarithmic: boolean): string {
  // A logarithmic axis has no place for 0 and below.
  const shown = series.map((one) => ({
    ...one,
    points: thinned(one.points).map(
      ([step, value]) => [step, logarithmic && !(value! > 0) ? null : value] as const,
    ),
  }));
  const axis = { nameTextStyle: { color: INK }, axisLabel: { color: INK, hideOverlap: true } };
  const range = logarithmic ? logRange(shown.flatMap(({ points }) => points.map(([, value]) => value))) : {};
  const option: ChartOption = {
    animation: false,
    legend: {
      top: 0,
      left: 'center',
      icon: 'roundRect',
      itemGap: 40,
      itemHeight: 4,
      textStyle: { color: INK, fontSize: 12 },
    },
    grid: { left: 72, right: 20, top: 40, bottom: 48 },
    xAxis: {
      type: 'value',
      name: 'step',
      nameLocation: 'middle',
      nameGap: 28,
      ...axis,
      splitLine: { show: false },
    },
    yAxis: {
      type: logarithmic ? 'log' : 'value',
      scale: true,
      name,
      nameLocation: 'middle',
      nameGap: 54,
      ...axis,
      ...(logarithmic ? { axisLabel: { color: INK, formatter: tick } } : {}),
      splitLine: { lineStyle: { color: RULE } },
      ...range,
    },
    series: shown.map(({ name: own, points, faint }, i) => ({
      type: 'line',
      name: own,
      data: points.map(([step, value]) => [step, value]),
      showSymbol: points.length < 20 && !faint,
      itemStyle: { color: COLORS[faint ? 0 : i % COLORS.length]!, ...(faint ? { opacity: 0.3 } : {}) },
      lineStyle: { width: faint ? 1 : 2, opacity: faint ? 0.25 : 1 },
      z: faint ? 1 : 3,
    })),
  };
  const chart = init(null, null, { renderer: 'svg', ssr: true, ...SIZE });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** At most MOST_POINTS of the points, the last among them. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function figure(title: string, svg: string): string {
  return `<figure><h2>${escapeHtml(title)}</h2>${svg}</figure>`;
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<section><h2>${escapeHtml(title)}</h2><ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('')}</ul></section>`;
}
