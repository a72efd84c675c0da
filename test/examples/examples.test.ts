// The examples are run as they stand, against the bundle.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('../../examples', import.meta.url));

it.each(readdirSync(folder).filter((name) => name.endsWith('.mjs')))(
  '%s runs',
  {
    timeout: 240_000, // a busy machine without a GPU compiles the face nets' kernels for a while
  },
  async (name) => {
    const out = mkdtempSync(join(tmpdir(), 'facet-example-'));
    try {
      const { stdout } = await run(process.execPath, [
        join(folder, name),
        ...(name === 'stylize.mjs' ? [join(out, 'example.png')] : []),
      ]);
      expect(stdout).toMatch(/\d/);
      expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
      // By what the net finds: the person at the right of one picture is the one in the middle of the other.
      if (name === 'faces.mjs') expect(stdout).toMatch(/^face 3 and face 2: same/m);
      if (name === 'stylize.mjs') expect(existsSync(join(out, 'example.png'))).toBe(true);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  },
);
