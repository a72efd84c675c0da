// The faces page with many people, and with a camera: maps, a fitted threshold, names, and the browser's made-up camera.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFaceModels } from '../../harness/node/faces/models.js';
import { memoryGallery } from '../../src/faces/index.js';
import { direction, sampleOf, unit } from '../faces/gallery/samples.js';
import { chromiumPath, press, seriousFaults, settled, useStudio } from './browser.js';
import { focused, tabTo } from './keyboard.js';

const require = createRequire(import.meta.url);
const sample = join(dirname(require.resolve('@vladmandic/face-api/package.json')), 'demo', 'sample6.jpg');
const folder = mkdtempSync(join(tmpdir(), 'facet-people-'));
const film = join(folder, 'camera.mjpeg');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of the sample's second and third face; the third twice. */
const CUTS = [
  ['Ann', '1.png', 560, 300, 400],
  ['Bea', '1.png', 1060, 280, 400],
  ['Bea', '2.png', 1040, 270, 420],
] as const;

/** Three people with four samples each, as JSON Lines: those of a person near each other. */
async function gallery(): Promise<Buffer> {
  const { contract } = await loadFaceModels();
  const collection = await memoryGallery().createCollection('friends', contract);
  const samples = ['Ada', 'Bob', 'Cyd'].flatMap((person, i) =>
    [0, 1, 2, 3].map((k) => {
      const [middle, own] = [direction(i + 1), direction(100 * (i + 1) + k)];
      const embedding = unit(middle.map((value, at) => value + 0.2 * own[at]!));
      return sampleOf(person, 10 * i + k, { embedding, source: `${person}-${k}.jpg` });
    }),
  );
  await collection.enroll(samples);
  const lines: string[] = [];
  for await (const line of collection.exportLines()) lines.push(`${line}\n`);
  return Buffer.from(lines.join(''));
}

/** A picture takes four seconds on two cores of software, and ten times as many where others work on them. */
const SLOW = 240_000;
const PATIENT = { timeout: 60_000 };

describe.skipIf(!chromiumPath)('the faces page, with people', { timeout: 2 * SLOW }, () => {
  beforeAll(async () => {
    const picture = readFileSync(sample);
    const cut = (left: number, top: number, width: number, height: number) =>
      sharp(picture).extract({ left, top, width, height });
    for (const [person, name, left, top, side] of CUTS) {
      mkdirSync(join(folder, 'people', person), { recursive: true });
      await cut(left, top, side, side)
        .resize(128)
        .png()
        .toFile(join(folder, 'people', person, name));
    }
    const frame = await cut(500, 300, 520, 390).resize(320, 240).jpeg({ quality: 95 }).toBuffer();
    writeFileSync(film, Buffer.concat([frame, frame, frame]));
  });
  const studio = useStudio([
    '--use-fake-ui-for-media-stream',
    '--use-fake-device-for-media-stream',
    `--use-file-for-fake-video-capture=${film}`,
  ]);

  it('draws their map, fits a threshold to them, renames them and makes two of them one', async () => {
    const { page, troubles, context } = await studio.open();
    page.setDefaultTimeout(60_000);
    await page.goto(`${studio.url}#/faces`);
    await settled(page);
    const file = { name: 'friends.jsonl', mimeType: 'application/jsonl', buffer: await gallery() };
    await page.locator('input[accept*=sealed]').setInputFiles(file);
    await page.getByText('12 samples into friends, 0 there already.').waitFor();

    await press(page, 'Draw the map');
    await expect.poll(() => page.locator('.map circle').count(), PATIENT).toBe(12);
    const places = () =>
      page.locator('.map circle').evaluateAll((all) =>
        all.map((one) => ({
          person: one.textContent!,
          x: Number(one.getAttribute('cx')),
          y: Number(one.getAttribute('cy')),
        })),
      );
    const pca = await places();
    await page.getByRole('radio', { name: 'UMAP' }).check();
    await expect.poll(places, PATIENT).not.toEqual(pca);
    expect(await places()).toHaveLength(12);
    for (const map of [pca, await places()]) {
      const far = (a: (typeof map)[number], b: (typeof map)[number]) => Math.hypot(a.x - b.x, a.y - b.y);
      for (const one of map) {
        const [nearest] = map.filter((other) => other !== one).sort((a, b) => far(one, a) - far(one, b));
        expect(nearest!.person).toBe(one.person);
      }
    }
    await page.locator('.map circle').nth(5).click();
    await page.getByText(/^Bob: Bob-1\.jpg, enrolled/).waitFor();

    // 66 pairs, 48 of them of different people, who are far apart.
    await press(page, 'Fit to the collection');
    const fitted = page.locator('[data-threshold]');
    await fitted.getByText('Different people accepted: 0 of 48').waitFor();
    await fitted.getByText('Same person accepted: 18 of 18').waitFor();
    const threshold = Number(await fitted.getAttribute('data-threshold'));
    expect(threshold).toBeGreaterThan(0);
    await press(page, 'Keep it in the collection');
    await page.getByText('The collection friends keeps this threshold.').waitFor();
    const slider = page.getByLabel('Threshold (squared L2)');
    expect(Math.abs(Number(await slider.inputValue()) - Math.min(1, threshold))).toBeLessThan(0.005);

    // By keyboard: the focus goes into the question and back to where it was asked.
    await tabTo(page, 'Rename Ada');
    await page.keyboard.press('Enter');
    expect((await focused(page))?.name).toBe('New name for Ada');
    await page.keyboard.press('Escape');
    expect((await focused(page))?.name).toBe('Rename Ada');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Ann');
    await page.keyboard.press('Enter');
    await page.locator('.person strong', { hasText: 'Ann' }).waitFor();
    await page.getByRole('button', { name: 'Rename Cyd' }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Control+A');
    await page.keyboard.type('Bob');
    await page.keyboard.press('Enter');
    const question = page.getByRole('alertdialog', { name: 'Bob exists. Make the two one person?' });
    await question.waitFor();
    expect((await focused(page))?.name).toBe('Make one');
    await page.keyboard.press('Escape');
    await question.waitFor({ state: 'detached' });
    expect((await focused(page))?.name).toBe('Rename Cyd');
    await page.getByText('People: 3, samples: 12').waitFor();
    await page.keyboard.press('Enter');
    await page.getByLabel('New name for Cyd').fill('Bob');
    await page.keyboard.press('Enter');
    await press(page, 'Make one');
    await page.getByText('People: 2, samples: 12').waitFor();
    expect(await seriousFaults(page)).toEqual([]);

    // What the worker refuses is said in the page's language, with its numbers.
    await page.getByLabel('Language').selectOption('zh');
    await page.locator('input[accept*=sealed]').setInputFiles({ ...file, buffer: Buffer.from('{}\n') });
    await page.getByText('输入不能使用。').waitFor();
    await page.locator('pre[lang=en]', { hasText: 'friends.jsonl' }).waitFor();
    expect(troubles).toEqual([]);
    await context.close();
  });

  it('fits a threshold to a folder of people', async () => {
    const { page, troubles, context } = await studio.open();
    page.setDefaultTimeout(60_000);
    await page.goto(`${studio.url}#/faces`);
    await settled(page);
    await page.getByLabel('Choose a folder').setInputFiles(join(folder, 'people'));
    const fitted = page.locator('[data-threshold]');
    await fitted.getByText('Different people accepted: 0 of 2').waitFor({ timeout: SLOW });
    await fitted.getByText('Same person accepted: 1 of 1').waitFor();
    expect(troubles).toEqual([]);
    await context.close();
  });

  it('sees who is before the camera', async () => {
    const { page, troubles, context } = await studio.open();
    page.setDefaultTimeout(60_000);
    await page.goto(`${studio.url}#/faces`);
    await settled(page);
    await press(page, 'Use the camera');
    await page.locator('video.camera:visible').waitFor();
    await page.locator('[data-found="1"]').waitFor({ timeout: SLOW });
    await page.locator('.face-picture img[alt^="camera "]').waitFor();
    await page.locator('.face').getByLabel('Name', { exact: true }).fill('Ann');
    await press(page, 'Enrol');
    await page.getByText('Enrolled as Ann.').waitFor();
    await page.locator('.face strong', { hasText: 'Ann' }).waitFor({ timeout: SLOW });
    await press(page, 'Stop the camera');
    await page.locator('video.camera').waitFor({ state: 'hidden' });
    const live = await page
      .locator('video.camera')
      .evaluate((video) => ((video as HTMLVideoElement).srcObject as MediaStream | null)?.active ?? false);
    expect(live).toBe(false);
    expect(troubles).toEqual([]);
    await context.close();
  });
});
