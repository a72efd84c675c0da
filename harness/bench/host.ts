// A benchmark's record in Node: what it tells of the machine, and records that were kept in files.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { InputError } from '../../src/base/errors.js';
import { type BenchHost, type BenchRecord, recordSchema } from './report.js';

/** This machine, and the commit that runs. */
export function nodeHost(): BenchHost {
  const [cpu] = cpus();
  return {
    node: process.version,
    cpu: `${cpus().length} x ${cpu?.model ?? 'unknown'}`,
    commit: commit(),
  };
}

/** The checked-out commit, with a plus where files differ from it; a word where there is no git or no clone. */
function commit(): string {
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', import.meta.dirname, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? '+' : ''}`;
  } catch {
    return 'no clone';
  }
}

/** Reads a record; InputError where the file cannot be read or is none. */
export function readRecord(path: string): BenchRecord {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`--compare ${path}: cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`--compare ${path}: is not JSON`, { cause: error });
  }
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(
      `--compare ${path}: is no record of facet bench: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  return parsed.data;
}
