// The faces page in a real browser: enrol, identify, verify, map, encrypted export and import, without a request elsewhere.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { unseal } from '../../harness/web/gallery/sealed.js';
import { chromiumPath, seriousFaults, settled, useStudio } from './browser.js';

const require = createRequire(import.meta.url);
const sample = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo', 'sample6.jpg');
/** The second and the third face of the sample, and the third again on fewer pixels. */
const CUTS = [
  { name: 'ann.png', left: 560, top: 300, side: 400, size: 128 },
  { name: 'bea.png', left: 1060, top: 280, side: 400, size: 128 },
  { name: 'who.png', left: 1040, top: 270, side: 420, size: 120 },
];

describe.skipIf(!chromiumPath)('the faces page', () => {
  const studio = useStudio();
  const files: { name: string; mimeType: string; buffer: Buffer }[] = [];
  beforeAll(async () => {
    for (const { name, left, top, side, size } of CUTS) {
      const cut = sharp(readFileSync(sample)).extract({ left, top, width: side, height: side });
      files.push({ name, mimeType: 'image/png', buffer: await cut.resize(size).png().toBuffer() });
    }
  });

  it('finds, enrols, names and compares faces, and gives the gallery out and back', async () => {
    const { page, troubles, requests, context } = await studio.open();
    page.setDefaultTimeout(20_000);
    await page.goto(`${studio.url}#/faces`);
    await settled(page);
    const choose = page.locator('[data-drop=faces] input[type=file]');
    const found = page.locator('[data-found="1"]');
    const enrol = async (file: number, name: string) => {
      await choose.setInputFiles(files[file]!);
      await page.locator(`.face-picture img[alt="${files[file]!.name}"]`).waitFor();
      await found.waitFor({ timeout: 60_000 });
      await page.locator('.face').getByLabel('Name', { exact: true }).fill(name);
      await page.getByRole('button', { name: 'Enrol', exact: true }).click();
      await page.getByText(`Enrolled as ${name}.`).waitFor();
    };
    await enrol(0, 'Ann');
    await enrol(1, 'Bea');
    await page.locator('[data-samples="2"]').waitFor();
    const loaded = requests.length;

    // The third picture is of Bea, whom the gallery knows by another.
    await choose.setInputFiles(files[2]!);
    await page.locator('.face-picture img[alt="who.png"]').waitFor();
    await page.locator('.face strong', { hasText: 'Bea' }).waitFor({ timeout: 60_000 });
    await page.locator('[data-verdict=same]').waitFor();
    await page.getByLabel('Second face').selectOption({ label: 'ann.png · 1 · Ann' });
    await page.locator('[data-verdict=different]').waitFor();
    await page.getByRole('button', { name: 'Draw the map' }).click();
    await expect.poll(() => page.locator('.map circle').count()).toBe(2);
    await page.getByRole('button', { name: 'Next sample' }).click();
    await page.getByText('Bea: bea.png').waitFor();

    await page.getByLabel('Passphrase').fill('open sesame');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export encrypted' }).click();
    const bytes = new Uint8Array(readFileSync((await (await download).path())!));
    const lines = new TextDecoder()
      .decode(await unseal(bytes, 'open sesame', 'export'))
      .trim()
      .split('\n');
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[0]!)).toMatchObject({ format: 'facet-gallery', name: 'people' });
    expect(lines.slice(1, 3).map((line) => JSON.parse(line).person)).toEqual(['Ann', 'Bea']);

    await page.getByRole('button', { name: 'Remove Bea with all samples' }).click();
    await page.getByRole('button', { name: 'Yes, remove' }).click();
    await page.locator('[data-samples="1"]').waitFor();
    await page.locator('.face strong', { hasText: 'unknown' }).waitFor();
    const sealed = { name: 'people.facet-sealed', mimeType: '', buffer: Buffer.from(bytes) };
    await page.locator('input[accept*=sealed]').setInputFiles(sealed);
    await page.getByText('1 samples into people, 1 there already.').waitFor();
    await page.locator('.face strong', { hasText: 'Bea' }).waitFor();

    expect(requests.slice(loaded).filter((request) => request.url().startsWith('http'))).toEqual([]);
    expect(await seriousFaults(page)).toEqual([]);
    await page.setViewportSize({ width: 390, height: 800 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);

    // Another visit finds the people again.
    await page.reload();
    await page.locator('[data-samples="2"]').waitFor({ timeout: 30_000 });
    expect(troubles).toEqual([]);
    await context.close();
  }, 180_000);
});
