// The losses of a run as an SVG: logarithmic, one line per series.
import { LineChart, type LineSeriesOption } from 'echarts/charts';
import {
  GridComponent,
  type GridComponentOption,
  LegendComponent,
  type LegendComponentOption,
  MarkLineComponent,
  TitleComponent,
  type TitleComponentOption,
} from 'echarts/components';
import { type ComposeOption, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { type LossTrace, logRange, shownSeries, tick } from './trace.js';

export type { LossTrace } from './trace.js';

use([LineChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

type PlotOption = ComposeOption<
  LineSeriesOption | GridComponentOption | LegendComponentOption | TitleComponentOption
>;

export interface PlotOptions {
  /** CSS pixels, 900 x 560 unless told. */
  readonly width?: number;
  readonly height?: number;
}

/**
 * The trace as a standalone SVG. Values that are not above 0 leave a gap, a series without any other is left out.
 * InputError when a series and the steps differ in length.
 */
export function lossPlot(trace: LossTrace, options: PlotOptions = {}): string {
  const { width = 900, height = 560 } = options;
  const shown = shownSeries(trace);
  const option: PlotOption = {
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: trace.title, left: 'center', top: 14, textStyle: { fontSize: 16, color: '#1a1a1a' } },
    legend: {
      bottom: 10,
      left: 'center',
      icon: 'roundRect',
      itemGap: 18,
      itemWidth: 20,
      itemHeight: 4,
      textStyle: { fontSize: 12, color: '#333333' },
    },
    grid: { left: 76, right: 28, top: 56, bottom: 60 + 22 * Math.ceil((shown.length * 125) / width) },
    xAxis: {
      type: 'value',
      name: 'step',
      nameLocation: 'middle',
      nameGap: 28,
      min: trace.steps[0] ?? 0,
      max: trace.steps.at(-1) ?? 1,
      axisLabel: { hideOverlap: true },
      axisLine: { lineStyle: { color: '#555555' } },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'log',
      name: 'weighted loss (no unit, log scale)',
      nameLocation: 'middle',
      nameGap: 56,
      axisLabel: { formatter: tick },
      axisLine: { show: true, lineStyle: { color: '#555555' } },
      splitLine: { lineStyle: { color: '#e6e6e6' } },
      minorTick: { show: true },
      ...logRange(shown.flatMap(({ values }) => values)),
    },
    series: shown.map(({ name, values, color, main }, index) => ({
      type: 'line',
      name,
      data: points(trace, values),
      showSymbol: values.length === 1,
      connectNulls: false,
      z: main ? 3 : 2,
      itemStyle: { color },
      lineStyle: { color, width: name === 'total' ? 2.6 : main ? 2 : 1, opacity: main ? 1 : 0.85 },
      ...(index === 0 && trace.scales?.length ? { markLine: scaleMarks(trace) } : {}),
    })),
  };
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption(option);
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}

/** [step, value] pairs, with a break where a new scale starts: the losses of two scales do not compare. */
function points(trace: LossTrace, values: readonly (number | null)[]): [number, number | null][] {
  return values.flatMap((value, i): [number, number | null][] => {
    const step = trace.steps[i]!;
    return i > 0 && trace.scales?.includes(i)
      ? [
          [step, null],
          [step, value],
        ]
      : [[step, value]];
  });
}

function scaleMarks(trace: LossTrace): LineSeriesOption['markLine'] {
  return {
    silent: true,
    symbol: 'none',
    label: { show: false },
    lineStyle: { color: '#999999', type: 'dashed', width: 1 },
    data: trace
      .scales!.filter((i) => i > 0 && i < trace.steps.length)
      .map((i) => ({ xAxis: trace.steps[i]! })),
  };
}
