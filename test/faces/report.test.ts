import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { distanceChart, rocChart } from '../../harness/node/faces/charts.js';
import { evaluationReport, type ShownPair } from '../../harness/node/faces/report.js';
import { evaluate } from '../../src/faces/evaluation/evaluate.js';
import { rocCurve } from '../../src/faces/evaluation/roc.js';
import { worstPairs } from '../../src/faces/evaluation/worst.js';
import { drawnPairs } from './evaluation/drawn.js';

const pairs = drawnPairs(3, 50, 12);
const evaluation = evaluate(pairs, { fars: [0.001, 0.1], bootstrap: { replicates: 50 } });
const PICTURE = 'data:image/png;base64,iVBORw0KGgo=';

describe('the worst pairs', () => {
  it('are wrong, worst first, at most as many as asked', () => {
    const thresholds = evaluation.folds.map(({ threshold }) => threshold);
    const { rejected, accepted } = worstPairs(pairs, thresholds, 4);
    const beyond = (i: number) => pairs[i]!.distance - thresholds[pairs[i]!.fold]!;
    expect([rejected.length, accepted.length]).toEqual([4, 4]);
    for (const i of rejected) expect([pairs[i]!.same, beyond(i) >= 0]).toEqual([true, true]);
    for (const i of accepted) expect([pairs[i]!.same, beyond(i) < 0]).toEqual([false, true]);
    const all = pairs.map((_, i) => i).filter((i) => pairs[i]!.same);
    expect(beyond(rejected[0]!)).toBe(Math.max(...all.map(beyond)));
    expect(rejected.map(beyond)).toEqual(rejected.map(beyond).sort((a, b) => b - a));
    expect(accepted.map(beyond)).toEqual(accepted.map(beyond).sort((a, b) => a - b));
    const right = worstPairs(pairs, thresholds, 1e9);
    const wrong = Math.round((1 - evaluation.accuracy.mean) * pairs.length);
    expect(right.rejected.length + right.accepted.length).toBe(wrong);
  });
});

describe('charts', () => {
  const size = { width: 400, height: 300 };

  it('are SVG that a strict parser draws, with ink of both kinds', async () => {
    const { eer } = evaluation;
    for (const [svg, colors] of [
      [rocChart(rocCurve(pairs), eer, 150, size), ['#0072b2']],
      [distanceChart(pairs, 1, size), ['#0072b2', '#d55e00']],
    ] as const) {
      const { data, info } = await sharp(Buffer.from(svg))
        .flatten({ background: '#fff' })
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([400, 300]);
      expect(new Set(data).size).toBeGreaterThan(10);
      for (const color of colors) expect(svg).toContain(color);
    }
    expect(rocChart(rocCurve(pairs), eer, 150, size)).toContain(`EER ${(100 * eer).toFixed(1)} %`);
    expect(distanceChart(pairs, 1.25, size)).toContain('threshold 1.250');
  });

  it('a long curve becomes a path of no more points than pixels', () => {
    const long = rocCurve(drawnPairs(1, 20_000, 3));
    expect(long.length).toBeGreaterThan(30_000);
    expect(rocChart(long, 0.1, 20_000, size).length).toBeLessThan(60_000);
  });

  it('equal distances, one bin, no equal error rate above the edge', () => {
    const flat = [true, false].map((same) => ({ distance: 0, same }));
    expect(distanceChart(flat, 0.5, size)).toContain('<svg');
    expect(rocChart(rocCurve(flat), 0, 1, size)).not.toContain('EER');
  });
});

describe('the report', () => {
  const shown = (source: string | undefined): ShownPair => ({
    same: true,
    distance: 1.5,
    threshold: 0.9,
    pictures: [
      { caption: 'Ann <1> & "2"', ...(source ? { source } : {}) },
      { caption: 'b', source: PICTURE },
    ],
  });
  const report = (worst: ShownPair[] = []) =>
    evaluationReport({
      title: '<script>alert(1)</script>',
      evaluation,
      pairs,
      facts: [['net & weights', 'a<b']],
      worst,
    });

  it('holds every figure, both charts and all folds', () => {
    const html = report();
    for (const value of [
      evaluation.accuracy.mean,
      evaluation.accuracy.sd,
      evaluation.accuracy.se!,
      evaluation.auc,
      evaluation.eer,
      evaluation.bestOnAll.accuracy,
      ...evaluation.valAtFar.map(({ mean }) => mean),
      ...evaluation.folds.map(({ threshold }) => threshold),
    ]) {
      expect(html).toContain(value.toFixed(4));
    }
    expect(html.match(/<svg/g)).toHaveLength(2);
    // 100 pairs of different people on the other folds cannot show a rate of 0.001.
    expect(html).toContain('not resolved, finest is 0.010');
    expect(html).not.toContain('taken for two');
  });

  it('runs no script, loads nothing, escapes all text', () => {
    const html = report([shown(PICTURE), shown(undefined)]);
    expect(html).not.toMatch(/<script/);
    expect(html.replaceAll('http://www.w3.org/', '')).not.toMatch(/https?:|\burl\((?!#)/);
    expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62;');
    expect(html).toContain('alt="Ann &#60;1&#62; &#38; &#34;2&#34;"');
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<img/g)).toHaveLength(3);
    expect(html.match(/class="blank"/g)).toHaveLength(1);
  });

  it.each(['https://example.org/a.png', 'data:text/html;base64,AAAA', 'data:image/png;base64,"onload="x'])(
    'leaves out the source %s',
    (source) => {
      const html = report([shown(source)]);
      expect(html).not.toContain(source);
      expect(html.match(/<img/g)).toHaveLength(1);
    },
  );
});
