// A headless browser with WebGPU on the studio as built and served; none where no Chromium is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { type Browser, chromium, type Page, type Request } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { studioApp } from '../../harness/cli/studio.js';
import { ROOT } from '../architecture/source.js';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** The browser's program; undefined skips the tests that need one. */
export const chromiumPath = CANDIDATES.find((path) => path !== undefined && existsSync(path));

/** SwiftShader's WebGPU is behind a flag; the rest keeps the browser from calling home. */
const FLAGS = [
  '--no-sandbox',
  '--enable-unsafe-webgpu',
  '--disable-gpu-watchdog',
  '--disable-background-networking',
  '--disable-component-update',
];

const FOLDER = join(ROOT, 'dist', 'web');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** An event of the browser's own recording; times in microseconds. */
interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Processor time of the thread: what other programs take of the machine is not in it, nor is what it waits for. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Builds the studio, serves it and opens a browser for a test file, with more flags where a test needs some. */
export function useStudio(flags: readonly string[] = []) {
  const held: { browser?: Browser; server?: ReturnType<typeof serve>; url?: string } = {};
  beforeAll(async () => {
    execFileSync(process.execPath, [join(ROOT, 'scripts', 'build-web.mjs')], { stdio: 'pipe' });
    await new Promise<void>((resolve) => {
      held.server = serve({ fetch: studioApp(FOLDER).fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => {
        held.url = `http://127.0.0.1:${port}/`;
        resolve();
      });
    });
    held.browser = await chromium.launch({ executablePath: chromiumPath!, args: [...FLAGS, ...flags] });
  }, 120_000);
  afterAll(async () => {
    await held.browser?.close();
    held.server?.close();
  });
  return {
    get url() {
      return held.url!;
    },
    /** A page in a context of its own, with what went wrong on it; `requests` are those since it was made. */
    async open(size: { width: number; height: number } = { width: 1280, height: 900 }) {
      const context = await held.browser!.newContext({
        viewport: size,
        acceptDownloads: true,
        locale: 'en-GB',
      });
      const page = await context.newPage();
      const troubles: string[] = [];
      const requests: Request[] = [];
      page.on('pageerror', (error) => troubles.push(String(error)));
      page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
      context.on('request', (request) => requests.push(request));
      return { context, page, troubles, requests };
    },
    /** Records the tasks of the pages' main threads until its result is called: milliseconds of processor time, longest first. */
    async recordTasks(): Promise<() => Promise<number[]>> {
      const session = await held.browser!.newBrowserCDPSession();
      const events: TraceEvent[] = [];
      session.on('Tracing.dataCollected', ({ value }) => events.push(...(value as unknown as TraceEvent[])));
      const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
      await session.send('Tracing.start', {
        transferMode: 'ReportEvents',
        traceConfig: {
          includedCategories: ['disabled-by-default-devtools.timeline', '__metadata'],
          excludedCategories: ['*'],
        },
      });
      return async () => {
        await session.send('Tracing.end');
        await complete;
        await session.detach();
        const thread = ({ pid, tid }: TraceEvent) => `${pid}:${tid}`;
        const main = new Set(
          events
            .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
            .map(thread),
        );
        return events
          .filter((event) => event.ph === 'X' && event.name === 'RunTask' && main.has(thread(event)))
          .map(({ tdur }) => tdur! / 1000)
          .sort((a, b) => b - a);
      };
    },
    /** Ends the browser's GPU process, as a driver that is reset does. */
    crashGpu: async () => {
      const session = await held.browser!.newBrowserCDPSession();
      await session.send('Browser.crashGpuProcess');
    },
    /** Stops the server: what works from here on works without a network. */
    stopServing: () =>
      new Promise((resolve) => {
        held.server?.close(resolve);
        (held.server as Server).closeAllConnections();
      }),
  };
}

/** Waits until the GPU and the net are there, and the studio is kept for use offline. */
export async function settled(page: Page): Promise<void> {
  await page.locator('[data-ready]').waitFor({ timeout: 60_000 });
  await page.locator('[data-offline=kept]').waitFor({ state: 'attached', timeout: 30_000 });
}

/** Drops a file on a zone of the page. */
export async function drop(page: Page, zone: string, name: string, bytes: Uint8Array): Promise<void> {
  const base64 = Buffer.from(bytes).toString('base64');
  const dataTransfer = await page.evaluateHandle(
    ([text, file]) => {
      const transfer = new DataTransfer();
      const content = Uint8Array.from(atob(text!), (letter) => letter.charCodeAt(0));
      transfer.items.add(new File([content], file!, { type: 'image/png' }));
      return transfer;
    },
    [base64, name],
  );
  await page.dispatchEvent(`[data-drop=${zone}]`, 'drop', { dataTransfer });
}

/** Fills in a number of the form. */
export async function fill(page: Page, label: string, value: number): Promise<void> {
  const field = page.getByLabel(label, { exact: true });
  await field.fill(String(value));
  await field.blur();
}

/** Clicks a button by its name. */
export async function press(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

/** Waits until the run is in a state. */
export async function inState(page: Page, kind: 'running' | 'paused' | 'ended'): Promise<void> {
  await page.locator(`[data-run=${kind}]`).waitFor({ timeout: 300_000 });
}

/** What a button downloads, by name and content. */
export async function download(page: Page, button: string): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), press(page, button)]);
  return { name: file.suggestedFilename(), bytes: readFileSync(await file.path()) };
}

/** What axe finds on a page that is serious or worse, each rule with where it is broken. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // The page's own policy forbids scripts from elsewhere; what the browser's debugger runs is not bound by it.
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import('axe-core') };
    return (await axe.run(document, { resultTypes: ['violations'] })).violations;
  });
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`));
}
