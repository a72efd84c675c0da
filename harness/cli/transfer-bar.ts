// The progress of a transfer on the standard error stream.
import { SingleBar } from 'cli-progress';
import type { TransferProgress } from '../../src/platform/node-download.js';

/** Shows a transfer; `stop` must be called at its end, good or bad. */
export interface TransferBar {
  update(progress: TransferProgress): void;
  stop(): void;
}

/** A bar on a terminal; elsewhere cli-progress prints nothing, and a line for each tenth must do. */
export function transferBar(title: string): TransferBar {
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage}% | {done} of {all} | ETA {eta_formatted}`,
    hideCursor: true,
    clearOnComplete: false,
    stream: process.stderr,
  });
  let started = false;
  let tenth = -1;
  return {
    update: ({ received, total, resumed }) => {
      if (!process.stderr.isTTY) {
        const now = total ? Math.floor((10 * received) / total) : -1;
        if (now > tenth) process.stderr.write(`${title}: ${megabytes(received)} of ${megabytes(total!)}\n`);
        tenth = now;
        return;
      }
      const payload = { done: megabytes(received), all: total ? megabytes(total) : 'unknown' };
      if (!started) bar.start(total ?? received, resumed, payload);
      started = true;
      bar.update(received, payload);
    },
    stop: () => bar.stop(),
  };
}

/** `51.8 MB`, in millions of bytes. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
