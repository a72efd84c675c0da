// The losses over the steps, one curve for each layer.
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { language, t } from '../i18n.js';
import { Card } from '../parts/card.js';
import { curves } from './state.js';

/** Told apart by eye, on light and dark; the sums are drawn stronger. */
const COLOURS = '#3b7dc4 #c8641c #2f8f5b #a54aa0 #b08a12 #c23b4b #4a8f9c #7c6bc4 #8a6d5b #6c7a89'.split(' ');
const HEIGHT = 220;

/** `total`, `content`, `style`, `tv` and every layer's loss, each over its first value. */
function chartData(names: readonly string[]): uPlot.AlignedData {
  const { steps, series } = curves.value;
  const rows = names.map((name) => {
    const values = series[name]!;
    const first = values.find((value) => value > 0) ?? 1;
    // A logarithm has no place for zero.
    return values.map((value) => (value > 0 ? value / first : null));
  });
  return [[...steps], ...rows];
}

const dark = matchMedia('(prefers-color-scheme: dark)');

export function Curves() {
  const [scheme, setScheme] = useState(dark.matches);
  useEffect(() => {
    const look = () => setScheme(dark.matches);
    dark.addEventListener('change', look);
    return () => dark.removeEventListener('change', look);
  }, []);
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const names = Object.keys(curves.value.series);
  const shape = names.join();
  useEffect(() => {
    const host = place.current;
    if (!host || names.length === 0) return undefined;
    const ink = getComputedStyle(host).color;
    const axis = { stroke: ink, grid: { stroke: '#80808033', width: 1 }, ticks: { stroke: '#80808033' } };
    const made = new uPlot(
      {
        width: host.clientWidth,
        height: HEIGHT,
        scales: { x: { time: false }, y: { distr: 3 } },
        axes: [axis, { ...axis, size: 56 }],
        series: [
          { label: t('style.steps') },
          ...names.map((label, i) => ({
            label,
            stroke: COLOURS[i % COLOURS.length]!,
            width: label.includes(':') ? 1.25 : 2.25,
            points: { show: false },
            value: (_plot: uPlot, value: number | null) => (value === null ? '–' : value.toPrecision(3)),
          })),
        ],
      },
      chartData(names),
      host,
    );
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT }));
    watch.observe(host);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, language.value, scheme]);
  useEffect(() => {
    plot.current?.setData(chartData(names));
  }, [curves.value]);
  return (
    <Card title={t('style.curves')}>
      <p class="hint">{t(names.length > 0 ? 'style.curves.hint' : 'style.curves.none')}</p>
      <div class="chart" ref={place} />
    </Card>
  );
}
