// node scripts/studio-pictures.mjs CONTENT STYLE: the pictures of the studio in docs/images, from a run in Chromium
// with software WebGPU (some minutes). Needs `npm run build:web` before.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { main } from './lib/main.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const PORT = 4197;
const SIZE = 192;
const STEPS = 60;

await main(async () => {
  const [content, style] = process.argv.slice(2);
  if (!content || !style) throw new Error('give a content and a style picture');
  const server = spawn(process.execPath, ['bin/facet.mjs', 'studio', '--port', String(PORT)], { cwd: root });
  await new Promise((resolve) => server.stdout.once('data', resolve));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--enable-unsafe-webgpu'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`http://127.0.0.1:${PORT}/`);
    await page.locator('[data-ready]').waitFor({ timeout: 60_000 });
    await page.getByLabel('Choose a file').setInputFiles(content);
    await page.getByLabel('Add a style').setInputFiles(style);
    for (const [label, value] of /** @type {const} */ ([
      ['Size', SIZE],
      ['Steps', STEPS],
    ])) {
      await page.getByLabel(label, { exact: true }).fill(String(value));
      await page.getByLabel(label, { exact: true }).blur();
    }
    await page.getByRole('button', { name: 'Start', exact: true }).click();
    await page.locator('[data-run=ended]').waitFor({ timeout: 900_000 });
    await page.getByLabel('Show the content up to here').fill('38');
    await keep(await page.screenshot({ fullPage: true }), 'studio-style-1280.png');
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.setViewportSize({ width: 390, height: 844 });
    await keep(await page.screenshot({ fullPage: true }), 'studio-style-390.png');
  } finally {
    await browser.close();
    server.kill();
  }
  return 0;
});

/**
 * With a palette: a third of the bytes, and no difference that one would see.
 * @param {Buffer} picture
 * @param {string} name
 */
async function keep(picture, name) {
  await sharp(picture)
    .png({ palette: true, quality: 90, effort: 10 })
    .toFile(join(root, 'docs', 'images', name));
  console.log(`docs/images/${name}`);
}
