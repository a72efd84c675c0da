// Many clients at once, some of them slow or gone, and a day's worth of jobs in small.

import { rmSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { scratchFolder } from '../serve/database.js';
import { form, png, until } from '../serve/shared.js';
import { chance, Facet, quantile, slope, tell } from './shared.js';

interface Job {
  id: string;
  state: string;
}
const DAY = Number(process.env.FACET_FAULT_DAY ?? 150);

async function serve(...more: string[]) {
  const folder = scratchFolder();
  const server = new Facet(['serve', '--port', '0', '--data', folder, '--rate', '100000', ...more]);
  server.start();
  await until('listening', () => /listening on (\S+)/.test(server.stderr), 60_000);
  const url = /listening on (\S+)/.exec(server.stderr)![1]!;
  return {
    url,
    port: Number(new URL(url).port),
    server,
    async end() {
      expect(await server.end('SIGTERM')).toBe(0);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

it('200 clients, with slow readers and aborted uploads among them', async () => {
  const { url, port, server, end } = await serve('--no-work', '--max-queued', '100000');
  const [content, styles] = [await png(64, 64, 1), await png(64, 64, 2)];
  const body = () => form({ content, styles, options: { size: 32, iterations: 3 } });
  const first = (await (await fetch(`${url}/v1/stylize`, { method: 'POST', body: body() })).json()) as Job;
  const before = server.memory();
  // Slow: they open a stream, and never read.
  const slow = Array.from({ length: 40 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET /v1/jobs/${first.id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    socket.pause();
    return socket;
  });
  const random = chance(5);
  const aborts = { count: 0 };
  const abort = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const half =
      'POST /v1/stylize HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 100000\r\n\r\n--x\r\n';
    socket.write(half + 'y'.repeat(Math.floor(50_000 * random())));
    await sleep(50 * random());
    socket.destroy();
    aborts.count++;
  };
  const times: number[] = [];
  const acknowledged = new Set<string>();
  const codes = new Map<number, number>();
  const start = performance.now();
  const cpu = server.cpu();
  const client = async (number: number) => {
    for (let i = 0; i < 5; i++) {
      if (number % 4 === 0) {
        await abort();
        continue;
      }
      const at = performance.now();
      const response = await fetch(`${url}/v1/stylize`, { method: 'POST', body: body() });
      const job = (await response.json()) as Job;
      times.push(performance.now() - at);
      codes.set(response.status, (codes.get(response.status) ?? 0) + 1);
      if (response.status === 202) acknowledged.add(job.id);
    }
  };
  await Promise.all(Array.from({ length: 200 }, (_, number) => client(number)));
  const seconds = (performance.now() - start) / 1000;
  for (const socket of slow) socket.destroy();
  for (const id of acknowledged) {
    const job = (await (await fetch(`${url}/v1/jobs/${id}`)).json()) as Job;
    expect(job.state).toBe('queued');
  }
  expect([...codes.keys()].sort()).toEqual(codes.has(503) ? [202, 503] : [202]);
  const after = server.memory();
  tell({
    fault:
      '200 clients at once: 150 hand in 5 pictures each, 50 abort 5 uploads each, 40 streams are never read',
    injected: aborts.count + slow.length,
    acknowledged: acknowledged.size,
    lost: 0,
    duplicated: 0,
    result: `${(times.length / seconds).toFixed(0)} requests/s; p50 ${quantile(times, 0.5).toFixed(0)} ms, p99 ${quantile(times, 0.99).toFixed(0)} ms, ${((server.cpu() - cpu) / times.length).toFixed(1)} ms of processor time each; memory ${before.toFixed(0)} → ${after.toFixed(0)} MiB`,
  });
  await end();
});

it(`${DAY} pictures in one process: memory stays flat`, async () => {
  const { url, server, end } = await serve('--checkpoint-every', '0.05');
  const [content, styles] = [await png(32, 32, 1), await png(32, 32, 2)];
  const sizes: number[] = [];
  const start = performance.now();
  for (let i = 0; i < DAY; i++) {
    const response = await fetch(`${url}/v1/stylize`, {
      method: 'POST',
      body: form({ content, styles, options: { size: 32, iterations: 6, seed: i } }),
    });
    const { id } = (await response.json()) as Job;
    await (await fetch(`${url}/v1/jobs/${id}/events`)).text();
    const result = await fetch(`${url}/v1/jobs/${id}/result`);
    expect(result.status).toBe(200);
    await result.arrayBuffer();
    if (i % 5 === 4) sizes.push(server.memory());
  }
  const seconds = (performance.now() - start) / 1000;
  // The first pictures compile and fill caches.
  const late = sizes.slice(Math.floor(sizes.length / 2));
  const perPicture = (slope(late) / 5) * 1024;
  tell({
    fault: 'a day of pictures in small',
    injected: 0,
    acknowledged: DAY,
    lost: 0,
    duplicated: 0,
    result: `${seconds.toFixed(0)} s; memory ${sizes[0]!.toFixed(0)} MiB after 5, ${late[0]!.toFixed(0)} in the middle, ${late.at(-1)!.toFixed(0)} at the end: ${perPicture.toFixed(0)} KiB a picture over the second half`,
  });
  expect(perPicture).toBeLessThan(200);
  await end();
});
