// A program of its own for a network namespace of its own: makes another one beside it, serves, and is asked from there.
// Prints one line of JSON: what each was told.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type ServiceOptions, startService } from '../../../harness/serve/service.js';

const TOKEN = 'a-token-that-is-long-enough';
/** Of the range for tests between networks (RFC 2544). */
const HERE = '198.18.7.1';
const THERE = '198.18.7.2';
const run = (...[file, ...args]: [string, ...string[]]) => execFileSync(file, args, { encoding: 'utf8' });

run('ip', 'link', 'set', 'lo', 'up');
run('ip', 'link', 'add', 'here', 'type', 'veth', 'peer', 'name', 'there');
const other = spawn('unshare', ['-n', 'sleep', '300'], { stdio: 'ignore' });
const namespaceOf = (pid: number | 'self') => readlinkSync(`/proc/${pid}/ns/net`);
while (namespaceOf(other.pid!) === namespaceOf('self')) await sleep(20);
const inside = (...args: string[]) => run('nsenter', '-t', `${other.pid}`, '-n', ...args);
run('ip', 'link', 'set', 'there', 'netns', `${other.pid}`);
run('ip', 'addr', 'add', `${HERE}/30`, 'dev', 'here');
run('ip', 'link', 'set', 'here', 'up');
inside('ip', 'addr', 'add', `${THERE}/30`, 'dev', 'there');
inside('ip', 'link', 'set', 'there', 'up');

const folder = mkdtempSync(join(tmpdir(), 'facet-outside-'));
const start = (options: Partial<ServiceOptions>) =>
  startService({ host: '127.0.0.1', port: 0, folder, work: false, precision: 'f32', log() {}, ...options });
const ASK = `fetch(process.argv[1], { headers: process.argv[2] ? { authorization: 'Bearer ' + process.argv[2] } : {} })
  .then((answer) => console.log(answer.status), (error) => console.log(error.cause.code))`;
// Not waited for by the thread, which has to answer.
const ask = async (url: string, token = '') => {
  const to = `http://${HERE}:${new URL(url).port}/v1/jobs`;
  const inNamespace = ['-t', `${other.pid}`, '-n', process.execPath, '-e', ASK, to, token];
  return (await promisify(execFile)('nsenter', inNamespace)).stdout.trim();
};

try {
  const refused = await start({ host: HERE }).then(
    () => 'served',
    (error: Error) => error.message,
  );
  const open = await start({ host: '0.0.0.0', token: TOKEN });
  const own = await start({});
  const told = {
    refused,
    none: await ask(open.url),
    wrong: await ask(open.url, 'no-token-of-this-service'),
    right: await ask(open.url, TOKEN),
    loopback: await ask(own.url),
  };
  await open.stop();
  await own.stop();
  process.stdout.write(`${JSON.stringify(told)}\n`);
} finally {
  other.kill();
  rmSync(folder, { recursive: true, force: true });
}
