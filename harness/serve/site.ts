// The studio's pages, read once: no path that a client sends ever opens a file.
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { reasonOf } from '../node/overwrite.js';
import type { SiteFile } from './http/app.js';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.safetensors': 'application/octet-stream',
};

/** Every file below `folder` by the path that a browser asks for; InputError where it cannot be read. */
export async function readSite(folder: string): Promise<ReadonlyMap<string, SiteFile>> {
  const site = new Map<string, SiteFile>();
  try {
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const type = TYPES[extname(entry.name)];
      if (!entry.isFile() || !type) continue;
      const path = join(entry.parentPath, entry.name);
      const bytes = new Uint8Array(await readFile(path));
      site.set(`/${relative(folder, path).split(sep).join('/')}`, { type, bytes });
    }
  } catch (error) {
    throw new InputError(`${folder}: ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
  }
  if (!site.has('/index.html')) throw new InputError(`${folder}: holds no index.html`);
  return site;
}
