// Bringing a software Vulkan to a Linux that has none: Mesa's lavapipe by apt, else SwiftShader by npm.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import {
  backportsSource,
  formatDeb822,
  MESA_TRIED,
  MESA_WANTED,
  PACKAGES,
  policyCandidate,
  readSources,
} from './apt.mjs';
import { cacheFolder } from './environment.mjs';
import { npmCommand, npmErrors, run, tail } from './run.mjs';
import { step } from './say.mjs';
import { compareVersions } from './versions.mjs';

/** SwiftShader and a Vulkan loader for 64-bit x86, inside a Chromium made for servers. */
const SWIFTSHADER = { name: '@sparticuz/chromium', version: '153.0.0', archive: 'bin/swiftshader.tar.br' };

/**
 * The words before a command that give it root's rights without asking anybody; undefined where there are none.
 * @returns {Promise<string[] | undefined>}
 */
async function rootRights() {
  if (process.getuid?.() === 0) return [];
  return (await run('sudo', ['-n', 'true'])).ok ? ['sudo', '-n'] : undefined;
}

/**
 * Installs Mesa's Vulkan drivers by apt, from the release's backports where its own Mesa is too old. The user's apt
 * sources stay as they are: what is added lies in a temporary folder that only these calls read.
 * @param {string} codename of the release, such as `bookworm`
 * @returns {Promise<void>} rejects with the reason where it cannot be done
 */
export async function installMesa(codename) {
  const rights = await rootRights();
  if (!rights) throw new Error('this user is neither root nor allowed to use sudo without a password');
  const folder = mkdtempSync(join(tmpdir(), 'facet-apt-'));
  try {
    const apt = aptGet(rights);
    const updated = await step('reading the package lists (apt-get update)', () => apt(['update']));
    let candidate = await mesaCandidate();
    /** @type {string[]} */
    let from = [];
    if (!candidate || compareVersions(candidate, MESA_WANTED) < 0) {
      const newer = await fromBackports(codename, folder, apt);
      if (newer) {
        candidate = newer.candidate;
        from = newer.options;
      }
    }
    if (!candidate) {
      throw new Error(
        `apt knows no package ${PACKAGES[0]}${updated.ok ? '' : `; apt-get update: ${updated.how}\n${tail(updated.output)}`}`,
      );
    }
    if (compareVersions(candidate, MESA_TRIED) < 0) {
      throw new Error(`apt offers Mesa ${candidate}, which Dawn refuses (${MESA_WANTED} is wanted)`);
    }
    await step(`installing ${PACKAGES.join(' and ')} ${candidate} (apt-get install)`, async () => {
      const installed = await apt([...from, 'install', '-y', '--no-install-recommends', ...PACKAGES]);
      if (!installed.ok) throw new Error(`apt-get install: ${installed.how}\n${tail(installed.output)}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string[]} rights
 * @returns {(args: string[]) => Promise<import('./run.mjs').Ended>}
 */
function aptGet(rights) {
  const [command, ...before] = [...rights, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  const calm = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Dpkg::Options::=--force-confold'];
  return (args) => run(command, [...before, ...calm, ...args]);
}

/**
 * The version of Mesa's drivers that apt would install now, with `options` as for apt-get.
 * @param {string[]} [options]
 * @returns {Promise<string | undefined>}
 */
export async function mesaCandidate(options = []) {
  return policyCandidate((await run('apt-cache', [...options, 'policy', PACKAGES[0]])).stdout);
}

/**
 * The backports' Mesa and the options by which apt takes it; undefined where the release has no newer one there.
 * @param {string} codename
 * @param {string} folder for the temporary sources
 * @param {(args: string[]) => Promise<import('./run.mjs').Ended>} apt
 * @returns {Promise<{ candidate: string, options: string[] } | undefined>}
 */
async function fromBackports(codename, folder, apt) {
  const found = backportsSource(readSources(), codename);
  if (!found) return undefined;
  const options = ['-t', found.source.suite];
  if (!found.configured) {
    const parts = join(folder, 'sources.list.d');
    mkdirSync(parts);
    if (existsSync('/etc/apt/sources.list.d')) cpSync('/etc/apt/sources.list.d', parts, { recursive: true });
    writeFileSync(join(parts, 'facet-backports.sources'), formatDeb822(found.source));
    const sources = ['-o', `Dir::Etc::sourceparts=${parts}`];
    const label = `the release's Mesa is too old: reading ${found.source.suite} from the same mirror`;
    const updated = await step(label, () => apt([...sources, 'update']));
    if (!updated.ok) return undefined;
    options.unshift(...sources);
  }
  const candidate = await mesaCandidate(options);
  return candidate && compareVersions(candidate, MESA_WANTED) >= 0 ? { candidate, options } : undefined;
}

/**
 * Puts SwiftShader and a Vulkan loader into the user's cache folder, by npm, unless they lie there already.
 * @returns {Promise<string>} the path of the driver's manifest; rejects with the reason where it cannot be had
 */
export async function bringSwiftShader() {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(
      `npm carries SwiftShader for Linux on x64 only; this is ${process.platform} on ${process.arch}`,
    );
  }
  const { name, version, archive } = SWIFTSHADER;
  const folder = join(cacheFolder(), `swiftshader-${version}`);
  const manifest = join(folder, 'vk_swiftshader_icd.json');
  if (existsSync(manifest)) return manifest;
  mkdirSync(dirname(folder), { recursive: true });
  // Unpacked beside its place, so that the last move is one step: a cut start leaves nothing half-done behind.
  const work = mkdtempSync(`${folder}.`);
  try {
    await step(
      `fetching SwiftShader from npm (${name} ${version}, 70 MB, of which 8 MB are kept)`,
      async () => {
        const [npm, ...first] = npmCommand();
        const options = ['--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
        const installed = await run(
          npm,
          [...first, 'install', '--prefix', work, ...options, `${name}@${version}`],
          { cwd: work },
        );
        if (!installed.ok)
          throw new Error(`npm install ${name}: ${installed.how}\n${npmErrors(installed.output)}`);
        const tarball = join(work, 'swiftshader.tar');
        writeFileSync(tarball, brotliDecompressSync(readFileSync(join(work, 'node_modules', name, archive))));
        const unpacked = join(work, 'unpacked');
        mkdirSync(unpacked);
        const untarred = await run('tar', ['-xf', tarball, '-C', unpacked]);
        if (!untarred.ok) throw new Error(`tar: ${untarred.how}\n${tail(untarred.output)}`);
        renameSync(unpacked, folder);
      },
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return manifest;
}
