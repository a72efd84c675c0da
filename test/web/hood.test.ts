// The page under the hood in a real browser: plan, benchmark, checks, tuning, feature maps, and the report of them.
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../harness/web/png.js';
import { rgbImage } from '../../src/base/image.js';
import { uniform } from '../../src/base/random.js';
import { chromiumPath, seriousFaults, settled, useStudio } from './browser.js';

/** Noise under a gradient: every map of a layer sees something. */
const PICTURE = rgbImage(
  64,
  48,
  Float32Array.from({ length: 3 * 64 * 48 }, (_, i) => 0.5 * uniform(7, i) + (0.5 * i) / (3 * 64 * 48)),
);

describe.skipIf(!chromiumPath)('the page under the hood', () => {
  const studio = useStudio();

  it('plans, measures, checks, tunes, shows layers, and puts it all into a report', async () => {
    const { page, troubles, requests, context } = await studio.open();
    page.setDefaultTimeout(20_000);
    await page.goto(`${studio.url}#/hood`);
    await settled(page);
    const start = async (task: string) => {
      const place = page.locator(`[data-task=${task}]`);
      await place.locator('button').first().click();
      await place.and(page.locator(':not([data-running])')).waitFor({ timeout: 60_000 });
    };
    const card = (name: string) => page.getByRole('region', { name, exact: true }).first();

    await start('plan');
    await expect.poll(() => page.locator('[data-plan]').textContent()).toContain('vgg19-slim at 256x256');

    await card('Benchmarks').getByLabel('Only names with').fill('relu:forward');
    await card('Benchmarks').getByLabel('Rounds').fill('5');
    await start('bench');
    await page
      .locator('td', { hasText: /^relu:forward:/ })
      .first()
      .waitFor();

    await card('Checks').getByLabel('Only names with').fill('gram:');
    await start('check');
    await page.locator('[data-failed="0"]').waitFor();
    await card('Checks').getByRole('radio', { name: 'kernels' }).check();
    await card('Checks').getByLabel('Only names with').fill('relu:forward');
    await start('check');
    await page.locator('[data-failed="0"]', { hasText: /^[1-9]\d* passed/ }).waitFor();

    await page.locator('[data-drop=viewer] input[type=file]').setInputFiles({
      name: 'noise.png',
      mimeType: 'image/png',
      buffer: Buffer.from(await encodePng(PICTURE)),
    });
    await page.locator('[data-layer=relu3_1]').waitFor({ timeout: 60_000 });
    await page.getByLabel('Layer').selectOption('conv1_1');
    await page.locator('[data-layer=conv1_1]').waitFor({ timeout: 60_000 });
    await page.getByText(/maps of 64 × 48 of conv1_1/).waitFor();
    const shades = await page.locator('canvas.sheet').evaluateAll((all) =>
      all.map((one) => {
        const canvas = one as HTMLCanvasElement;
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(data.filter((_, i) => i % 4 === 0)).size;
      }),
    );
    expect(shades).toHaveLength(3);
    for (const count of shades) expect(count).toBeGreaterThan(16);

    // Software takes minutes for all of it: stopped, it keeps what it has.
    await card('Autotune').getByLabel('Sizes').fill('32');
    await page.locator('[data-task=tune] button').first().click();
    await card('Autotune')
      .getByText(/^1 of \d+: /)
      .waitFor();
    await page.locator('[data-task=tune]').getByRole('button', { name: 'Stop' }).click();
    await page.locator('[data-measured]').waitFor();
    expect(Number(await page.locator('[data-measured]').getAttribute('data-measured'))).toBeGreaterThan(0);

    const report = await page.locator('[data-report]').textContent();
    for (const part of [
      'maxBufferSize',
      'a picture',
      'relu:forward:',
      'GFLOP/s',
      'check (kernels)',
      'bucket',
    ])
      expect(report).toContain(part);
    expect(report).not.toContain('noise.png');

    expect(await seriousFaults(page)).toEqual([]);
    expect(requests.filter((request) => !request.url().startsWith(studio.url))).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(troubles).toEqual([]);
    await context.close();
  }, 180_000);
});
