// A service on a free port for a test file, with a folder of its own.
import { rmSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import { type Service, type ServiceOptions, startService } from '../../../harness/serve/service.js';
import { scratchFolder } from '../database.js';

/** Starts before the tests, ends behind them. Without work no GPU is touched. */
export function useService(options: Partial<ServiceOptions> = {}) {
  const held: { service?: Service; folder?: string } = {};
  const lines: string[] = [];
  beforeAll(async () => {
    held.folder = scratchFolder();
    held.service = await startService({
      host: '127.0.0.1',
      port: 0,
      folder: held.folder,
      work: false,
      precision: 'f32',
      log: (line) => lines.push(line),
      ...options,
    });
  });
  afterAll(async () => {
    await held.service?.stop();
    if (held.folder) rmSync(held.folder, { recursive: true, force: true });
  });
  return {
    lines,
    get url() {
      return held.service!.url;
    },
    get folder() {
      return held.folder!;
    },
    get port() {
      return Number(new URL(held.service!.url).port);
    },
  };
}
