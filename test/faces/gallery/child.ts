// Programs of their own for tests: TypeScript bundled in memory and run by Node from its standard input, so that packages
// are found from the repository.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { ROOT } from '../../architecture/source.js';

/** The bundle of a program beside this file. */
export async function bundleOf(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, file)],
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    write: false,
  });
  return outputFiles[0]!.text;
}

/** How a program ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs, and its end. */
export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts a bundle with arguments; `by` is the command that starts it, where it is not started by itself. */
export function start(
  bundle: string,
  args: readonly string[],
  options: SpawnOptions = {},
  by: readonly string[] = [],
): Running {
  const [file, ...more] = [...by, process.execPath, '--input-type=module', '-', ...args];
  const child = spawn(file!, more, { cwd: ROOT, ...options });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  // A program that is killed while it starts does not take its input.
  child.stdin!.on('error', () => {});
  child.stdin!.end(bundle);
  const ended = new Promise<Ended>((done, failed) => {
    child.on('error', failed);
    child.on('close', (code, signal) => done({ code, signal, ...text }));
  });
  return { process: child, ended };
}
