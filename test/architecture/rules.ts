// The rules of the house (docs/ARCHITECTURE.md) as functions from a source file to what breaks them.
import { codeOf, importsOf, type Source } from './source.js';

/** A file may import from its own room and from rooms of a lower floor. */
const FLOORS: Readonly<Record<string, number>> = {
  'src/base': 0,
  'src/platform': 1,
  'src/gpu': 2,
  shaders: 3,
  'src/kernels': 3,
  'src/reference': 3,
  'src/graph': 4,
  'src/nets': 5,
  'src/optim': 5,
  'src/style': 6,
  'src/faces': 6,
  'src/training': 6,
  src: 7,
  harness: 8,
  test: 9,
};

/** Rooms with a list of their own instead of the floors below them. */
const CLOSED: Readonly<Record<string, readonly string[]>> = {
  'src/reference': ['src/base'],
  shaders: ['src/base', 'wgsl-preprocessor'],
};

/** The room of a path: its folder in src, or the top folder; undefined for what is no room. */
export function roomOf(path: string): string | undefined {
  const [top, folder, ...rest] = path.split('/');
  const room = top === 'src' && rest.length > 0 ? `src/${folder}` : top!;
  return room in FLOORS ? room : undefined;
}

const NODE_PLATFORM = /^src\/platform\/node[^/]*\.ts$/;
const BROWSER_PLATFORM = /^src\/platform\/browser[^/]*\.ts$/;
const FETCHING = /^src\/platform\/node-(?:http|download)\.ts$/;

/** Rule 1: imports run down. */
export function floorViolations(source: Source): string[] {
  const room = roomOf(source.path);
  if (room === undefined) return [`${source.path} lies in no room of the house`];
  return importsOf(source).flatMap((target) => {
    const other = roomOf(target);
    const isLocal = /^(?:src|shaders|harness|test|scripts|bin)\//.test(target);
    if (!isLocal) {
      const allowed = CLOSED[room];
      const fine = !allowed || allowed.some((name) => target === name || target.startsWith(`${name}/`));
      return fine
        ? []
        : [`${source.path} imports the package ${target}: ${room} imports ${allowed.join(', ')} only`];
    }
    if (/^(?:harness|test)$/.test(room)) {
      return room === 'harness' && other === 'test'
        ? [`${source.path} imports ${target}: harness never sees test`]
        : [];
    }
    if (other === undefined) return [`${source.path} imports ${target}, which lies in no room of the house`];
    if (other === room) return [];
    const allowed = CLOSED[room];
    if (allowed && !allowed.includes(other)) {
      return [`${source.path} imports ${target}: ${room} imports ${allowed.join(', ')} only`];
    }
    if (other === 'src/reference')
      return [`${source.path} imports ${target}: only harness and test see src/reference`];
    // A kernel names its shader: the two share a floor.
    if (room === 'src/kernels' && other === 'shaders') return [];
    if (other === 'shaders') return [`${source.path} imports ${target}: only src/kernels sees shaders`];
    return FLOORS[other]! < FLOORS[room]!
      ? []
      : [`${source.path} imports ${target}: imports run down, ${room} lies at or below ${other}`];
  });
}

/** Rule 2: nothing but the platform's own files knows where it runs. */
export function platformViolations(source: Source): string[] {
  const { path } = source;
  if (/^(?:harness|test)\//.test(path)) return [];
  const found: string[] = [];
  for (const target of importsOf(source)) {
    const bound = target === 'webgpu' || target.startsWith('node:');
    if (bound && !NODE_PLATFORM.test(path))
      found.push(`${path} imports ${target}: only src/platform/node*.ts may`);
  }
  const code = codeOf(source.text);
  for (const name of ['navigator', 'document', 'window']) {
    if (new RegExp(`(?<![.\\w$])${name}\\s*[.[?]`).test(code) && !BROWSER_PLATFORM.test(path)) {
      found.push(`${path} uses ${name}: only src/platform/browser*.ts may`);
    }
  }
  if (/(?<![.\w$])fetch\s*\(/.test(code) && !BROWSER_PLATFORM.test(path) && !FETCHING.test(path)) {
    found.push(`${path} calls fetch: only the platform's downloads may`);
  }
  if (/(?<![.\w$])process\s*\./.test(code) && !NODE_PLATFORM.test(path)) {
    found.push(`${path} uses process: only src/platform/node*.ts may`);
  }
  return found;
}

/** Rule 3: a device is seen by src/gpu and src/platform only. */
export function deviceViolations({ path, text }: Source): string[] {
  if (/^(?:src\/gpu|src\/platform)\//.test(path)) return [];
  return /\bGPUDevice\b/.test(codeOf(text))
    ? [`${path} names GPUDevice: only src/gpu and src/platform may`]
    : [];
}

/** Words that stand in no file; each pattern is put together so that this file does not contain it. */
const FORBIDDEN: readonly { readonly pattern: RegExp; readonly rule: string }[] = [
  { pattern: new RegExp(`\\b${'TO'}${'DO'}\\b(?!\\([\\w-]+\\))`), rule: 'a note for later names its owner' },
  { pattern: new RegExp(`@ts-${'ignore'}|@ts-${'nocheck'}`), rule: 'the type checker is never silenced' },
  {
    pattern: new RegExp(`(?:[:<|,(]|\\bas)\\s*${'any'}\\b(?=\\s*(?:[;,)=>\\[\\]|&}]|$))`, 'm'),
    rule: 'every value has a type',
  },
  {
    pattern: new RegExp(
      `registry\\.${'npm'}js|registry\\.${'yarn'}pkg|npm${'mirror'}|deb\\.${'debian'}|${'pypi'}\\.org`,
    ),
    rule: 'no registry is named',
  },
  {
    pattern: new RegExp(`(?<![\\w.])/${'work'}/|(?<![\\w.])/${'home'}/\\w|(?<![\\w.])/${'Users'}/\\w`),
    rule: 'no path of one machine',
  },
];

/** Rule 5: forbidden words, in comments too. */
export function wordViolations({ path, text }: Source): string[] {
  return text
    .split('\n')
    .flatMap((line, i) =>
      FORBIDDEN.filter(({ pattern }) => pattern.test(line)).map(
        ({ rule }) => `${path}:${i + 1}: ${rule}: ${line.trim()}`,
      ),
    );
}
