// ROC curve and distance histogram of a verification run as SVG.
import { BarChart, type BarSeriesOption, LineChart, type LineSeriesOption } from 'echarts/charts';
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
  MarkLineComponent,
  MarkPointComponent,
} from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { RocPoint } from '../../../src/faces/evaluation/roc.js';
import type { ScoredPair } from '../../../src/faces/evaluation/scores.js';
import { tick } from '../trace.js';

use([
  BarChart,
  LineChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  MarkPointComponent,
  SVGRenderer,
]);

type ChartOption = ComposeOption<
  BarSeriesOption | LineSeriesOption | GridComponentOption | LegendComponentOption
>;

/** Told apart by the colour-blind (after M. Okabe and K. Ito, 2008). */
const SAME_COLOR = '#0072b2';
const DIFFERENT_COLOR = '#d55e00';
const INK = '#333333';
const RULE = '#e3e3e0';
const FONT = 'system-ui, sans-serif';

export interface ChartSize {
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
}

/**
 * True accept rate over false accept rate, the latter logarithmic from one false accept on, since verification lives at
 * its left end; the equal error rate is marked. `differentPairs` sets the left edge.
 */
export function rocChart(
  curve: readonly RocPoint[],
  eer: number,
  differentPairs: number,
  size: ChartSize,
): string {
  const left = 10 ** Math.floor(Math.log10(1 / differentPairs) + 1e-9);
  return draw(
    {
      grid: { left: 64, right: 24, top: 22, bottom: 52 },
      xAxis: {
        type: 'log',
        min: left,
        max: 1,
        name: 'false accept rate (log scale)',
        nameLocation: 'middle',
        nameGap: 30,
        axisLabel: { formatter: tick, color: INK },
        nameTextStyle: { color: INK },
        splitLine: { show: true, lineStyle: { color: RULE } },
      },
      yAxis: {
        type: 'value',
        min: 0,
        max: 1,
        name: 'true accept rate',
        nameLocation: 'middle',
        nameGap: 42,
        axisLabel: { formatter: (value: number) => value.toFixed(1), color: INK },
        nameTextStyle: { color: INK },
        splitLine: { lineStyle: { color: RULE } },
      },
      series: [
        {
          type: 'line',
          data: thinned(curve, left, size),
          showSymbol: false,
          lineStyle: { color: SAME_COLOR, width: 2.2 },
          itemStyle: { color: SAME_COLOR },
          z: 3,
          ...(eer > left
            ? {
                markPoint: {
                  silent: true,
                  symbol: 'circle',
                  symbolSize: 8,
                  itemStyle: { color: INK },
                  label: {
                    formatter: `EER ${(100 * eer).toFixed(1)} %`,
                    position: [14, 12],
                    color: INK,
                    fontSize: 12,
                  },
                  data: [{ name: 'EER', coord: [eer, 1 - eer] }],
                },
              }
            : {}),
        },
        {
          // Chance: as many right as wrong.
          type: 'line',
          data: Array.from({ length: 61 }, (_, i) => {
            const far = left ** (1 - i / 60);
            return [far, far];
          }),
          showSymbol: false,
          silent: true,
          lineStyle: { color: '#999999', width: 1, type: 'dashed' },
        },
      ],
    },
    size,
  );
}

/** [far, tar] with at most one point for each pixel; what lies left of the edge becomes its height there. */
function thinned(curve: readonly RocPoint[], left: number, { width, height }: ChartSize): [number, number][] {
  const points: [number, number][] = [];
  let seen = '';
  for (const { far, tar } of curve) {
    const x = Math.max(left, far);
    const place = `${Math.round((Math.log(x) / Math.log(left)) * width)} ${Math.round(tar * height)}`;
    if (x === left && points[0]?.[0] === left) points[0] = [left, tar];
    else if (place !== seen) points.push([x, tar]);
    seen = place;
  }
  return points;
}

/** Counts of distances of both kinds in equal bins, and a line at `threshold`. */
export function distanceChart(
  pairs: readonly ScoredPair[],
  threshold: number,
  size: ChartSize,
  bins = 60,
): string {
  const top = pairs.reduce((most, { distance }) => Math.max(most, distance), 0) || 1;
  const step = niceStep(top / bins);
  const count = Math.floor(top / step) + 1;
  const series = ([name, color, same]: readonly [string, string, boolean]): BarSeriesOption => {
    const counts = new Array<number>(count).fill(0);
    for (const pair of pairs) if (pair.same === same) counts[Math.floor(pair.distance / step)]!++;
    return {
      type: 'bar',
      name,
      data: counts.map((n, bin) => [(bin + 0.5) * step, n]),
      barWidth: Math.max(1, (size.width - 88) / count - 1),
      barGap: '-100%',
      silent: true,
      emphasis: { disabled: true },
      itemStyle: { color, opacity: 0.62 },
      ...(same
        ? {
            markLine: {
              silent: true,
              symbol: 'none',
              lineStyle: { color: INK, type: 'dashed', width: 1.4 },
              label: { formatter: `threshold ${threshold.toFixed(3)}`, color: INK, fontSize: 12 },
              data: [{ xAxis: threshold }],
            },
          }
        : {}),
    };
  };
  return draw(
    {
      legend: {
        top: 0,
        left: 'center',
        icon: 'roundRect',
        itemGap: 36,
        textStyle: { color: INK, fontSize: 12 },
      },
      grid: { left: 64, right: 24, top: 50, bottom: 52 },
      xAxis: {
        type: 'value',
        min: 0,
        max: count * step,
        name: 'squared distance of the embeddings',
        nameLocation: 'middle',
        nameGap: 30,
        nameTextStyle: { color: INK },
        axisLabel: {
          hideOverlap: true,
          color: INK,
          formatter: (value: number) => String(Number(value.toFixed(6))),
        },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value',
        name: 'pairs',
        nameLocation: 'middle',
        nameGap: 42,
        nameTextStyle: { color: INK },
        axisLabel: { color: INK },
        splitLine: { lineStyle: { color: RULE } },
      },
      series: [
        series(['same person', SAME_COLOR, true]),
        series(['different people', DIFFERENT_COLOR, false]),
      ],
    },
    size,
  );
}

/** The least of 1, 2, 5 times a power of ten that is not below `value`. */
function niceStep(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= value * (1 - 1e-9))!;
}

function draw(option: ChartOption, { width, height }: ChartSize): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ animation: false, textStyle: { fontFamily: FONT }, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
