// The container's file agrees with the command that it runs. That the image builds is not tested: no engine is asked for.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { serveCommand, workerCommand } from '../../harness/cli/serve.js';
import { ROOT } from '../architecture/source.js';

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Containerfile, continued lines joined, comments left out. */
function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n');
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
      return { name, text: rest };
    });
}

const folder = join(ROOT, 'container');
const all = instructionsOf(readFileSync(join(folder, 'Containerfile'), 'utf8'));
const last = all.slice(all.findLastIndex(({ name }) => name === 'FROM'));
const only = (name: string) => {
  const found = last.filter((one) => one.name === name);
  expect(found, name).toHaveLength(1);
  return found[0]!.text;
};

describe('the container', () => {
  it('comes from Debian alone', () => {
    const bases = all.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' ')[0]);
    expect(new Set(bases)).toEqual(new Set(['debian:trixie-slim']));
    expect(all.filter(({ name }) => name === 'ADD')).toEqual([]);
    for (const { text } of all.filter(({ name }) => name === 'RUN'))
      expect(text).not.toMatch(/curl|wget|https?:/);
  });

  it('runs a command that there is, with options that it has', () => {
    expect(JSON.parse(only('ENTRYPOINT'))).toEqual(['facet']);
    const [verb, ...words] = JSON.parse(only('CMD')) as string[];
    const command = serveCommand();
    expect(verb).toBe(command.name());
    const options = words.filter((word) => word.startsWith('--'));
    expect(options).toEqual(['--host', '--token-file']);
    for (const option of options) expect(command.options.map(({ long }) => long)).toContain(option);
    expect(workerCommand().name()).toBe('worker');
  });

  it('exposes and asks the port that is served unless told otherwise', () => {
    const port = serveCommand().options.find(({ long }) => long === '--port')?.defaultValue;
    expect(only('EXPOSE')).toBe(String(port));
    expect(only('HEALTHCHECK')).toContain(`http://127.0.0.1:${port}/healthz`);
    const app = readFileSync(join(ROOT, 'harness', 'serve', 'http', 'app.ts'), 'utf8');
    expect(app).toContain("app.get('/healthz'");
  });

  it('asks its health by a program that is one', () => {
    const [node, flag, program = ''] = JSON.parse(only('HEALTHCHECK').replace(/^.*?CMD /, '')) as string[];
    expect([node, flag]).toEqual(['node', '-e']);
    expect(() => new Function(program)).not.toThrow();
  });

  it('runs as a user who is not root and writes to the volume alone', () => {
    expect(only('USER')).toBe('10001:10001');
    expect(only('RUN')).toContain('--uid 10001 --gid 10001');
    const volume = only('VOLUME');
    for (const name of ['FACET_DATA', 'FACET_CACHE', 'MESA_SHADER_CACHE_DIR'])
      expect(only('ENV')).toContain(`${name}=${volume}/`);
    expect(only('ENV')).not.toMatch(/TOKEN/);
  });

  it('is built from the tarball, which the context lets in', () => {
    const copied = all.filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'));
    expect(copied.map(({ text }) => text)).toEqual(['facet-*.tgz /tmp/']);
    expect(readFileSync(join(folder, '.dockerignore'), 'utf8')).toBe('*\n!facet-*.tgz\n');
    expect(existsSync(join(ROOT, 'docs', 'container.md'))).toBe(true);
  });
});
