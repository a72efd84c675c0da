// The studio without a mouse: every control of every page, and a run from its pictures to the file.
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../harness/web/png.js';
import { contentPicture, stylePicture } from '../style/shared.js';
import { chromiumPath, inState, settled, useStudio } from './browser.js';
import { focused, reachable, tabTo, walk } from './keyboard.js';

const content = Buffer.from(await encodePng(contentPicture(80, 60)));
const style = Buffer.from(await encodePng(stylePicture(64, 64)));

/** Answers every file dialogue with the next of these pictures. */
function answerDialogues(page: Page, pictures: { name: string; buffer: Buffer }[]): void {
  page.on('filechooser', (dialogue) => {
    void dialogue.setFiles({ mimeType: 'image/png', ...pictures.shift()! });
  });
}

async function type(page: Page, label: string, value: number): Promise<void> {
  await tabTo(page, label);
  await page.keyboard.press('Control+A');
  await page.keyboard.type(String(value));
}

describe.skipIf(!chromiumPath)('the studio by keyboard', { timeout: 600_000 }, () => {
  const studio = useStudio();

  it('reaches every control of every page, shows where the focus is, and lets it go', async () => {
    const { context, page, troubles } = await studio.open();
    await page.goto(studio.url);
    await settled(page);
    await page.getByText('Advanced').focus();
    await page.keyboard.press('Enter');
    for (const name of ['Style', 'Faces', 'Under the hood']) {
      const tab = page.getByRole('link', { name, exact: true });
      await tab.focus();
      await page.keyboard.press('Enter');
      await page.locator('[aria-current=page]', { hasText: name }).waitFor();
      await page.locator('main h2:visible').first().waitFor();
      const wanted = await reachable(page);
      expect(wanted.length).toBeGreaterThan(15);
      for (const key of ['Tab', 'Shift+Tab'] as const) {
        const { seen, left } = await walk(page, key, 2 * wanted.length);
        const missed = wanted.filter((_, at) => !seen.some((one) => one.at === at));
        expect(missed, `${name} by ${key}`).toEqual([]);
        expect(left, `${name} by ${key}`).toBe(true);
        expect(seen.filter((one) => !one.seen || one.name === '')).toEqual([]);
      }
    }
    // Past the tabs at once, and still on the same page.
    await tabTo(page, 'To the content');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => [document.activeElement?.id, location.hash])).toEqual([
      'main',
      '#/hood',
    ]);
    expect(troubles).toEqual([]);
    await context.close();
  });

  it('makes a picture: chosen, started, paused, resumed, stopped, mixed, downloaded', async () => {
    const { context, page, troubles } = await studio.open();
    await page.goto(studio.url);
    await settled(page);
    answerDialogues(page, [
      { name: 'content.png', buffer: content },
      { name: 'style.png', buffer: style },
    ]);
    await tabTo(page, 'Choose a file');
    await page.keyboard.press('Enter');
    await page.getByAltText('Content: content.png').first().waitFor();
    await tabTo(page, 'Add a style');
    await page.keyboard.press('Space');
    await page.getByAltText('style.png').waitFor();
    await tabTo(page, 'Quality');
    await page.keyboard.press('ArrowRight');
    expect(await page.getByRole('radio', { name: 'Paper' }).isChecked()).toBe(true);
    await page.keyboard.press('ArrowLeft');
    await type(page, 'Size', 64);
    await type(page, 'Steps', 400);
    await tabTo(page, 'Start');
    await page.keyboard.press('Enter');
    await inState(page, 'running');
    expect((await focused(page))?.name).toBe('Pause');
    await page.keyboard.press('Enter');
    await inState(page, 'paused');
    expect((await focused(page))?.name).toBe('Go on');
    await page.keyboard.press('Space');
    await inState(page, 'running');
    await tabTo(page, 'Stop');
    await page.keyboard.press('Enter');
    await inState(page, 'ended');
    expect((await focused(page))?.name).toBe('Go on');
    await tabTo(page, 'Show the content up to here');
    await page.keyboard.press('End');
    expect(await page.getByLabel('Show the content up to here').inputValue()).toBe('100');
    await tabTo(page, /^Back to step/);
    await tabTo(page, 'Strength');
    await page.keyboard.press('Home');
    await tabTo(page, 'PNG');
    const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(
      readFileSync(await file.path())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(troubles).toEqual([]);
    await context.close();
  });
});
