// Runs the command as a user does: a process of its own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/facet.mjs', import.meta.url));

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** Sees all of standard error whenever more of it comes. */
  readonly onStderr?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs `facet ...args`. */
export function facet(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run(process.execPath, [launcher, ...args], options);
}

/** Runs a command line as it stands, by the shell. */
export function shell(command: string, options: RunOptions = {}): Promise<Outcome> {
  return run(command, [], { ...options, shell: true });
}

/** The command that an interrupted run prints. */
export function commandIn(output: string): string {
  const command = /go on with: (.*)/.exec(output)?.[1];
  if (command === undefined) throw new Error(`no command to go on with in: ${output}`);
  return command;
}

function run(
  file: string,
  args: readonly string[],
  options: RunOptions & { readonly shell?: boolean },
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: options.cwd,
      shell: options.shell ?? false,
      env: { ...process.env, FACET_WEIGHTS: '', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
      options.onStderr?.(stderr, (signal) => child.kill(signal));
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Standard error without the two lines that Dawn itself prints when it opens some adapters. */
export function ownLines(stderr: string): string[] {
  return stderr
    .split('\n')
    .filter((line) => line !== '' && !/^Warning: maxDynamic\w+ artificially reduced/.test(line));
}
