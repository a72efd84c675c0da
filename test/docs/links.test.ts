// Every link in the documentation that stays within the repository leads to a file, and to a heading where it names one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../architecture/source.js';

/** Folders that no commit contains. */
const IGNORED = new Set(['.git', '.cache', 'coverage', 'dist', 'node_modules', 'out']);

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder ? `${folder}/${entry.name}` : entry.name;
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : markdownIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

/** The text without what Markdown does not read: blocks and spans of code. */
function prose(text: string): string {
  return text
    .replace(/^(```|~~~)[\s\S]*?^\1/gm, '')
    .replace(/^ {4}.*$/gm, '')
    .replace(/`[^`\n]*`/g, '');
}

/** Targets of links, pictures and reference definitions that name no other place. */
function linksOf(text: string): string[] {
  const found = [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)];
  return found.map((match) => match[1] ?? match[2]!).filter((target) => !/^[a-z][a-z+.-]*:/i.test(target));
}

/** A heading's anchor as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
}

/** What is wrong with the links of the file at `path` (from the root), whose text is `text`. */
function brokenLinks(path: string, text: string): string[] {
  return linksOf(text).flatMap((link) => {
    const [file, anchor] = link.split('#', 2) as [string, string?];
    const target = file ? resolve(ROOT, dirname(path), decodeURIComponent(file)) : join(ROOT, path);
    if (relative(ROOT, target).startsWith('..')) return [`${path}: ${link} leaves the repository`];
    if (!existsSync(target)) return [`${path}: ${link} leads to no file`];
    if (!anchor || !target.endsWith('.md')) return [];
    const headings = (file ? readFileSync(target, 'utf8') : text).matchAll(/^#+\s+(.*)$/gm);
    return [...headings].some(([, heading]) => anchorOf(heading!) === anchor)
      ? []
      : [`${path}: ${link} names no heading`];
  });
}

const files = markdownIn('');

it('finds the documentation', () => {
  expect(files).toEqual(expect.arrayContaining(['README.md', 'docs/ARCHITECTURE.md', 'shaders/README.md']));
  expect(files.flatMap((path) => linksOf(readFileSync(join(ROOT, path), 'utf8'))).length).toBeGreaterThan(15);
});

it.each(files)('the links of %s lead somewhere', (path) => {
  expect(brokenLinks(path, readFileSync(join(ROOT, path), 'utf8'))).toEqual([]);
});

describe('a wrong link is seen', () => {
  it.each([
    ['README.md', '[a](docs/none.md)'],
    ['docs/numerics.md', '![a](images/none.jpg "title")'],
    ['docs/numerics.md', '[a](README.md)'],
    ['docs/numerics.md', '[a]: none.md'],
    ['README.md', '[a](docs/numerics.md#no-such-heading)'],
    ['README.md', '# One\n[a](#two)'],
    ['README.md', '[a](../elsewhere/README.md)'],
  ])('%s %s', (path, text) => expect(brokenLinks(path, text)).toHaveLength(1));

  it('and nothing else is', () => {
    const text =
      '# One & Two\n[a](#one--two) [b](https://example.com/x) `[c](none.md)`\n\n    [d](none.md)\n';
    expect(brokenLinks('README.md', text)).toEqual([]);
    expect(brokenLinks('docs/testing.md', '[a](../README.md) [b](numerics.md#the-tolerance)')).toEqual([]);
  });
});
