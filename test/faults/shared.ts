// Processes that are killed, and the table of what came of it.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { uniform } from '../../src/base/random.js';

const launcher = fileURLToPath(new URL('../../bin/facet.mjs', import.meta.url));

/** One line of the table of docs/reliability.md. */
export interface Row {
  readonly fault: string;
  readonly injected: number;
  /** Jobs that were acknowledged. */
  readonly acknowledged: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly result: string;
}

/** Prints a row, and appends it to the file that FACET_FAULTS_TABLE names. */
export function tell(row: Row): void {
  const line = `| ${Object.values(row).join(' | ')} |\n`;
  process.stdout.write(line);
  if (process.env.FACET_FAULTS_TABLE) appendFileSync(process.env.FACET_FAULTS_TABLE, line);
}

/** Numbers in [0,1), the same in each run. */
export function chance(seed: number): () => number {
  let at = 0;
  return () => uniform(seed, at++);
}

/** A `facet` that runs until it is killed. */
export class Facet {
  stderr = '';
  private child: ChildProcess | undefined;

  constructor(
    private readonly args: readonly string[],
    private readonly env: Readonly<Record<string, string>> = {},
  ) {}

  get pid(): number {
    return this.child!.pid!;
  }

  start(): this {
    this.stderr = '';
    this.child = spawn(process.execPath, [launcher, ...this.args], {
      env: { ...process.env, FACET_TOKEN: '', FACET_DATABASE_URL: '', ...this.env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    return this;
  }

  /** Ends the process; its exit code, null for one that was killed. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.child!;
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = new Promise<number | null>((done) => child.once('exit', done));
    child.kill(signal);
    return gone;
  }

  /** Processor time that it has taken, in ms; the kernel counts in hundredths of a second. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** Resident memory in MiB. */
  memory(): number {
    const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.pid}/status`, 'utf8'))?.[1];
    return Number(kib) / 1024;
  }
}

/** Value below which the share `p` of `values` lies. */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
}

/** Growth of `values` from one to the next, by least squares. */
export function slope(values: readonly number[]): number {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const middle = (n - 1) / 2;
  let [top, bottom] = [0, 0];
  for (const [i, value] of values.entries()) {
    top += (i - middle) * (value - mean);
    bottom += (i - middle) ** 2;
  }
  return top / bottom;
}
