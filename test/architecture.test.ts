// Holds the house together: what imports what, who knows where it runs, and that nothing lacks its counterpart.
import { describe, expect, it } from 'vitest';
import { families, searchFamilies, stepFamilies } from '../harness/cases/index.js';
import type { OpSpec } from '../src/kernels/op.js';
import {
  deviceViolations,
  floorViolations,
  platformViolations,
  roomOf,
  wordViolations,
} from './architecture/rules.js';
import { codeOf, importsOf, sourcesIn } from './architecture/source.js';
import {
  coverageViolations,
  exportedKernels,
  exportedOps,
  familyViolations,
  pairViolations,
  stepViolations,
} from './architecture/tables.js';
import { askedFor, askedForBySearches, askedForBySteps, askedForByTape } from './shaders/variants.js';

const code = [...sourcesIn('src'), ...sourcesIn('shaders'), ...sourcesIn('harness')];
const all = [
  ...code,
  ...sourcesIn('test'),
  ...sourcesIn('scripts'),
  ...sourcesIn('bin'),
  ...sourcesIn('docs', /\.md$/),
];

describe('the code keeps the rules', () => {
  it('is read at all', () => {
    for (const room of [
      'src/base',
      'src/gpu',
      'src/kernels',
      'src/graph',
      'src/reference',
      'shaders',
      'harness',
    ]) {
      expect(code.filter(({ path }) => roomOf(path) === room).length, room).toBeGreaterThan(1);
    }
    expect(code.flatMap(importsOf).length).toBeGreaterThan(100);
  });
  it('imports run down', () => expect(code.flatMap(floorViolations)).toEqual([]));
  it('only the platform knows where it runs', () => expect(code.flatMap(platformViolations)).toEqual([]));
  it('only src/gpu and src/platform see a GPUDevice', () =>
    expect(code.flatMap(deviceViolations)).toEqual([]));
  it('no forbidden word', () => expect(all.flatMap(wordViolations)).toEqual([]));
  it('every shader has its kernel and the reverse', async () => {
    const shaders = sourcesIn('shaders').map(({ path }) => path);
    expect(pairViolations(shaders, await exportedKernels())).toEqual([]);
  });
  it('every op has its reference, cases, gradients and bench', async () => {
    const ops = await exportedOps();
    expect(ops.length).toBeGreaterThan(2);
    expect(familyViolations(ops, families)).toEqual([]);
  });
  it('every optimiser and search has its cases and bench', () => {
    const optimizers = sourcesIn('src/optim').flatMap(({ path }) =>
      path === 'src/optim/optimizer.ts' ? [] : path.slice('src/optim/'.length, -'.ts'.length),
    );
    expect(optimizers.length).toBeGreaterThan(1);
    expect(stepViolations(optimizers, [...stepFamilies, ...searchFamilies])).toEqual([]);
  });
  it('every kernel runs in a case', async () => {
    const used = [
      ...askedFor(families),
      ...askedForBySteps(stepFamilies),
      ...askedForBySearches(searchFamilies),
      ...askedForByTape(),
    ];
    const kernels = used.map(({ kernel }) => kernel);
    expect(coverageViolations(await exportedKernels(), kernels)).toEqual([]);
  });
});

describe('the rules can fail', () => {
  const at = (path: string, text: string) => ({ path, text });

  it.each([
    ['src/base/a.ts', "import { x } from '../gpu/device.js';"],
    ['src/gpu/a.ts', "import type { Tape } from '../graph/tape.js';"],
    ['src/nets/a.ts', "export { adam } from '../optim/adam.js';"],
    ['src/style/a.ts', "import {\n  y,\n} from '../faces/y.js';"],
    ['src/graph/a.ts', "import { conv } from '../reference/conv2d.js';"],
    ['src/graph/a.ts', "import { fill } from '../../shaders/fill.wgsl.js';"],
    ['src/reference/a.ts', "import { Device } from '../gpu/device.js';"],
    ['src/reference/a.ts', "import { z } from 'zod';"],
    ['shaders/a.wgsl.ts', "import { relu } from '../src/kernels/relu.js';"],
    ['src/style/a.ts', "const m = await import('../../harness/check.js');"],
    ['src/kernels/a.ts', "import '../../scripts/lib/run.mjs';"],
    ['harness/a.ts', "import { useDevice } from '../test/kernels/shared.js';"],
    ['src/elsewhere/a.ts', ''],
  ])('a floor: %s %s', (path, text) => expect(floorViolations(at(path, text))).toHaveLength(1));

  it.each([
    ['src/style/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/platform/browser.ts', "import { create } from 'webgpu';"],
    ['src/gpu/a.ts', 'const gpu = navigator.gpu;'],
    ['src/platform/node.ts', 'document.createElement(name);'],
    ['src/nets/a.ts', 'const reply = await fetch(url);'],
    ['src/nets/a.ts', 'const home = process.env.HOME;'],
    ['harness/cli/a.ts', 'const agent = navigator.userAgent;'],
    ['harness/web/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['harness/web/a.tsx', "import { findWeights } from '../node/weights.js';"],
  ])('a platform: %s %s', (path, text) => expect(platformViolations(at(path, text))).toHaveLength(1));

  it('a device in a kernel', () => {
    expect(deviceViolations(at('src/kernels/a.ts', 'function f(d: GPUDevice) {}'))).toHaveLength(1);
    expect(deviceViolations(at('src/kernels/a.ts', '// no GPUDevice here'))).toEqual([]);
  });

  it.each([
    `// ${'TO'}DO: later`,
    `// @ts-${'ignore'}`,
    `const x: ${'any'} = 1;`,
    `const y = x as ${'any'};`,
    `const z: Map<string, ${'any'}> = m;`,
    `https://registry.${'npm'}js.org/x`,
    `cat '/${'work'}/x'`,
    `see /${'home'}/me/x`,
  ])('a forbidden word: %s', (text) => expect(wordViolations(at('src/base/a.ts', text))).toHaveLength(1));

  it('words that only look forbidden pass', () => {
    expect(
      wordViolations(at('a.ts', `// ${'TO'}DO(owner): later\n// if any, any other\nconst many = anything;`)),
    ).toEqual([]);
  });

  it('a shader without a kernel, a kernel without a shader, a name twice, no variant', () => {
    const kernel = (name: string) => ({ name, variants: [{}] });
    expect(pairViolations(['shaders/a.wgsl.ts', 'shaders/unroll.ts'], [])).toHaveLength(1);
    expect(pairViolations([], [kernel('b')])).toHaveLength(1);
    expect(pairViolations(['shaders/c.wgsl.ts'], [kernel('c'), kernel('c')])).toHaveLength(1);
    expect(pairViolations(['shaders/d.wgsl.ts'], [{ name: 'd', variants: [] }])).toHaveLength(1);
  });

  it('a kernel that no case runs', () => {
    expect(coverageViolations([{ name: 'a' }, { name: 'b' }], [{ name: 'a' }])).toHaveLength(1);
  });

  it('an optimiser without family or tables', () => {
    const [family] = stepFamilies;
    expect(stepViolations(['sgd'], stepFamilies)).toHaveLength(1);
    expect(stepViolations([], [{ ...family!, cases: [], bench: [] }])).toHaveLength(2);
  });

  it('an op without family, tables or reference gradients', () => {
    const [family] = families;
    const { op } = family!;
    expect(familyViolations([op], [])).toHaveLength(1);
    expect(familyViolations([op], [{ ...family!, cases: [], gradients: [], bench: [] }])).toHaveLength(3);
    const reference = { ...family!.reference, backward: {}, backwardBound: {} };
    expect(familyViolations([op], [{ ...family!, reference }])).toHaveLength(
      2 * Object.keys(op.backward).length,
    );
    expect(familyViolations([op, { ...op } as OpSpec<never>], [family!]).length).toBeGreaterThan(0);
  });
});

describe('source files are read as written', () => {
  it('finds every form of import', () => {
    const text = `import a from './a.js';\nimport type { b } from "../b/b.js";\nimport './c.js';\nexport * from './d.js';\nconst e = await import('./e.js');\n// import f from './f.js';\nconst g = "from 'x'";`;
    expect(importsOf({ path: 'src/k/x.ts', text })).toEqual([
      'src/k/a.ts',
      'src/b/b.ts',
      'src/k/c.ts',
      'src/k/d.ts',
      'src/k/e.ts',
    ]);
  });
  it('drops comments and strings, keeps templates and what follows a regular expression', () => {
    const text =
      "const q = /['\"]/; use(document.x); // document.y\nconst s = 'document.z'; const t = `$" +
      '{navigator.gpu}`; /* fetch( */';
    expect(codeOf(text)).toContain('use(document.x)');
    expect(codeOf(text)).toContain('navigator.gpu');
    expect(codeOf(text)).not.toMatch(/document\.[yz]|fetch/);
  });
});
