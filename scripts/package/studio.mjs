// Is the installed studio whole? It is started, and every file of its folder is asked for.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { contentSecurityPolicy } from '../lib/headers.mjs';

const START_MS = 60_000;

/**
 * Starts `facet studio` and asks for its page, what the page names, and every file of `folder`.
 * @param {{ launcher: string, cwd: string, env: NodeJS.ProcessEnv }} context
 * @param {string} folder
 * @returns {Promise<string>} how many files answered
 */
export async function checkStudio({ launcher, cwd, env }, folder) {
  const child = spawn(process.execPath, [launcher, 'studio', '--port', '0'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const url = await address(child);
    const page = await body(url);
    assert.match(page.toString(), /<div id="studio">/);
    const named = [...page.toString().matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    assert(named.includes('main.js') && named.includes('main.css'), `the page names ${named.join(', ')}`);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(join(folder, path)).isFile(),
    );
    for (const path of new Set([...named, ...files.map((file) => file.split(sep).join('/'))])) {
      const bytes = await body(new URL(path, url).href);
      assert(bytes.equals(readFileSync(join(folder, path))), `${path} is not the file`);
    }
    const absent = await fetch(new URL('no-such-file.js', url));
    assert.equal(absent.status, 404);
    return `${files.length} files`;
  } finally {
    child.kill();
  }
}

/**
 * The address that the studio prints once it listens.
 * @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} child
 * @returns {Promise<string>}
 */
function address(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`facet studio has not started: ${text}`)), START_MS);
    child.stdout.setEncoding('utf8').on('data', (data) => {
      text += data;
      const found = /http:\/\/127\.0\.0\.1:\d+\//.exec(text);
      if (found) resolve(found[0]);
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`facet studio ended with ${code}: ${text}`)));
    // The timer must not keep the process.
    timer.unref();
  });
}

/**
 * @param {string} url
 * @returns {Promise<Buffer>}
 */
async function body(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  assert.equal(response.headers.get('content-security-policy'), contentSecurityPolicy(), url);
  return Buffer.from(await response.arrayBuffer());
}
