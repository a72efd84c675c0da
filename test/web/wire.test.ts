// The wire between page and worker, over a MessageChannel in place of a worker.
import { afterEach, describe, expect, it } from 'vitest';
import { WorkerClient, type WorkerLike } from '../../harness/web/worker/client.js';
import { type Job, transferring } from '../../harness/web/worker/messages.js';
import { serveJobs, type Wire } from '../../harness/web/worker/serve.js';
import { DeviceLostError, InputError, OutOfMemoryError } from '../../src/base/errors.js';

const count: Job<{ to: number }, number, 'faster', string> = async ({ to }, { emit, onMessage, signal }) => {
  const heard: string[] = [];
  onMessage((message) => heard.push(message));
  for (let i = 1; i <= to && !signal.aborted; i++) {
    emit(i);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return `${signal.aborted ? 'cancelled' : 'counted'} ${heard.join()}`;
};
const refuse: Job<{ how: string }, never, never, never> = async ({ how }) => {
  if (how === 'input') throw new InputError('size must be a whole number, got 1.5');
  if (how === 'memory')
    throw new OutOfMemoryError('too much', { fact: { code: 'size-limit', values: { size: 512 } } });
  throw new TypeError('a bug');
};
const give: Job<object, never, never, Uint8Array> = async () => {
  const bytes = Uint8Array.of(1, 2, 3);
  return transferring(bytes, [bytes.buffer]);
};
const jobs = { count, refuse, give };

const ports: MessagePort[] = [];
function connected(): WorkerClient<typeof jobs> {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  serveJobs(port2 as unknown as Wire, jobs);
  port1.start();
  port2.start();
  return new WorkerClient<typeof jobs>(port1 as unknown as WorkerLike);
}
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

describe('the wire', () => {
  it('carries events in order, then the result', async () => {
    const heard: number[] = [];
    const job = connected().start('count', { to: 4 }, (n) => heard.push(n));
    expect(await job.result).toBe('counted ');
    expect(heard).toEqual([1, 2, 3, 4]);
  });
  it('carries words to the job, and keeps two jobs apart', async () => {
    const client = connected();
    const one = client.start('count', { to: 5 });
    const two = client.start('count', { to: 2 });
    one.tell('faster');
    expect(await Promise.all([one.result, two.result])).toEqual(['counted faster', 'counted ']);
  });
  it('cancels', async () => {
    const job = connected().start('count', { to: 100_000 }, (n) => n === 2 && job.cancel());
    expect(await job.result).toBe('cancelled ');
  });
  it("gives errors of Facet's classes back, and others by name", async () => {
    const client = connected();
    const input = await client.call('refuse', { how: 'input' }).catch((error: Error) => error);
    expect(input).toBeInstanceOf(InputError);
    expect(input).toMatchObject({ name: 'InputError', message: 'size must be a whole number, got 1.5' });
    const memory = await client.call('refuse', { how: 'memory' }).catch((error: Error) => error);
    expect(memory).toBeInstanceOf(OutOfMemoryError);
    expect(memory).toMatchObject({ fact: { code: 'size-limit', values: { size: 512 } } });
    await expect(client.call('refuse', { how: '' })).rejects.toMatchObject({ name: 'TypeError' });
  });
  it('says which job is missing', async () => {
    const other = connected() as unknown as WorkerClient<{ dance: Job<object, never, never, void> }>;
    await expect(other.call('dance', {})).rejects.toThrow('the worker has no job dance');
  });
  it('moves buffers, and fails what is under way when it is ended', async () => {
    const client = connected();
    expect(await client.call('give', {})).toEqual(Uint8Array.of(1, 2, 3));
    const job = client.start('count', { to: 1000 });
    client.terminate();
    await expect(job.result).rejects.toBeInstanceOf(DeviceLostError);
  });
});
