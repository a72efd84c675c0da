// Does the tarball work where there is no repository? It is installed twice, into an empty folder and globally, and used:
// imports and types by the first, the commands and the studio by the second, which is read-only meanwhile.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { applyEnvironment, readEnvironment } from '../lib/environment.mjs';
import { run, tail } from '../lib/run.mjs';
import { step } from '../lib/say.mjs';
import { newcomer, setWritable, snapshot } from './sandbox.mjs';
import { checkStudio } from './studio.mjs';
import { npm } from './tarball.mjs';

const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
/** Of a command, most of which open an adapter and compile kernels. */
const TIMEOUT_MS = 300_000;
/** Where two faces of face-api's sample6.jpg are, with some room. */
const PEOPLE = {
  Ann: { left: 90, top: 420, width: 480, height: 480 },
  Bea: { left: 540, top: 290, width: 460, height: 460 },
};

/**
 * Installs `tarball` below `folder` and uses it; throws at the first thing that does not work.
 * @param {string} tarball
 * @param {string} root the clone, whose driver, compiler and consumer program serve
 * @param {string} folder an empty or new one outside the clone
 */
export async function checkInstalled(tarball, root, folder) {
  applyEnvironment(readEnvironment(root));
  const app = join(folder, 'app');
  mkdirSync(app, { recursive: true });
  writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await step(
    'npm install into an empty folder',
    () => npm([...INSTALL, tarball], { cwd: app }),
    () => '',
  );
  await step(
    'imports',
    () => checkImports(app),
    (names) => names,
  );
  await step('types, for node16 and for bundlers', () => checkTypes(app, root));

  const prefix = join(folder, 'prefix');
  mkdirSync(prefix);
  await step(
    'npm install -g',
    () => npm([...INSTALL, '-g', '--prefix', prefix, tarball]),
    () => '',
  );
  const installed = [join(prefix, 'lib', 'node_modules', 'facet'), join(prefix, 'node_modules', 'facet')];
  const packageFolder = installed.find((path) => existsSync(path));
  assert(packageFolder, `npm install -g left no package in ${prefix}`);
  const before = snapshot(prefix);
  await setWritable(prefix, false);
  try {
    await useCommands(packageFolder, folder);
  } finally {
    await setWritable(prefix, true);
  }
  // Root writes into read-only folders too.
  assert.deepEqual(snapshot(prefix), before, 'a command has written into the folder of the package');
}

/**
 * Imports all that `exports` names, in a process of its own.
 * @param {string} app
 * @returns {Promise<string>} each with the number of its exports
 */
async function checkImports(app) {
  const manifest = JSON.parse(readFileSync(join(app, 'node_modules', 'facet', 'package.json'), 'utf8'));
  const names = Object.keys(manifest.exports).filter((name) => !name.endsWith('.json'));
  const lines = names.map((name) => {
    const specifier = JSON.stringify(`facet${name.slice(1)}`);
    return `console.log(${specifier}, Object.keys(await import(${specifier})).length);`;
  });
  writeFileSync(join(app, 'imports.mjs'), lines.join('\n'));
  const ended = await run(process.execPath, ['imports.mjs'], { cwd: app, timeoutMs: TIMEOUT_MS });
  assert(ended.ok, `imports: ${ended.how}\n${tail(ended.output)}`);
  const found = ended.stdout.trim().split('\n');
  assert.equal(found.length, names.length);
  for (const line of found) assert.match(line, / [1-9]\d*$/, 'an entry point exports nothing');
  return found.join(', ');
}

/**
 * A strict program against the installed declarations, none of which is skipped.
 * @param {string} app
 * @param {string} root
 */
async function checkTypes(app, root) {
  cpSync(join(root, 'test', 'types', 'consumer.ts'), join(app, 'consumer.ts'));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  for (const [module, moduleResolution] of [
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ]) {
    const compilerOptions = {
      ...{ strict: true, skipLibCheck: false, noEmit: true, target: 'ES2023', lib: ['ES2023', 'DOM'] },
      ...{ module, moduleResolution, types: ['node'] },
      typeRoots: [join(root, 'node_modules', '@types')],
    };
    const config = join(app, `tsconfig.${moduleResolution}.json`);
    writeFileSync(config, JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    const ended = await run(process.execPath, [tsc, '-p', config], { cwd: app, timeoutMs: TIMEOUT_MS });
    assert(ended.ok, `types, moduleResolution ${moduleResolution}: ${ended.how}\n${tail(ended.output)}`);
  }
}

/**
 * @param {string} packageFolder
 * @param {string} folder
 */
async function useCommands(packageFolder, folder) {
  const home = join(folder, 'home');
  const work = join(folder, 'work');
  for (const path of [home, work]) mkdirSync(path);
  const context = { launcher: join(packageFolder, 'bin', 'facet.mjs'), cwd: work, env: newcomer(home) };
  const facet = async (/** @type {string[]} */ ...args) => {
    const { launcher, cwd, env } = context;
    const ended = await run(process.execPath, [launcher, ...args], { cwd, env, timeoutMs: TIMEOUT_MS });
    assert(ended.ok, `facet ${args.join(' ')}: ${ended.how}\n${tail(ended.output)}`);
    return ended.stdout;
  };

  await step('facet doctor', () => facet('doctor'), adapterOf);
  await step(
    'facet stylize',
    () => stylize(facet, work),
    (size) => size,
  );
  await step(
    'facet face enroll, identify',
    () => faces(facet, packageFolder, work),
    (names) => names,
  );
  await step(
    'facet studio',
    () => checkStudio(context, join(packageFolder, 'dist', 'web')),
    (files) => files,
  );
  assert(!existsSync(join(home, '.npm')), 'a command has run npm');
}

/** @param {string} report */
function adapterOf(report) {
  return /^ {2}driver +(\S.*)$/m.exec(report)?.[1];
}

/**
 * @param {(...args: string[]) => Promise<string>} facet
 * @param {string} work
 */
async function stylize(facet, work) {
  await facet('paint', 'woodcut', '-o', 'content.png', '--size', '64');
  await facet('paint', 'brushstrokes', '-o', 'style.png', '--size', '64');
  const small = ['--size', '48', '--iterations', '4', '--quiet'];
  await facet('stylize', 'content.png', 'style.png', '-o', 'out.png', ...small);
  const { width, height } = await sharp(join(work, 'out.png')).metadata();
  assert.equal(Math.max(width, height), 48);
  return `${width}x${height}`;
}

/**
 * @param {(...args: string[]) => Promise<string>} facet
 * @param {string} packageFolder
 * @param {string} work
 */
async function faces(facet, packageFolder, work) {
  const sample = join('@vladmandic', 'face-api', 'demo', 'sample6.jpg');
  const places = [join(packageFolder, 'node_modules', sample), join(packageFolder, '..', sample)];
  const picture = places.find((path) => existsSync(path));
  assert(picture, `no ${sample} beside the package`);
  mkdirSync(join(work, 'probes'));
  for (const [name, region] of Object.entries(PEOPLE)) {
    mkdirSync(join(work, 'people', name), { recursive: true });
    const cut = () => sharp(picture).extract(region);
    await cut().toFile(join(work, 'people', name, '1.jpg'));
    await cut()
      .resize(240)
      .modulate({ brightness: 1.1 })
      .toFile(join(work, 'probes', `${name}.png`));
  }
  await facet('face', 'enroll', 'people', '--json');
  const { pictures } = JSON.parse(await facet('face', 'identify', 'probes', '--faces', 'largest', '--json'));
  const named = pictures.map((/** @type {{ faces: { person: string }[] }} */ { faces }) => faces[0]?.person);
  assert.deepEqual(named, Object.keys(PEOPLE));
  assert(
    readdirSync(work).every((name) => !name.endsWith('.db')),
    'the gallery is not in the data folder',
  );
  return named.join(', ');
}
