// The search for a Vulkan driver that Dawn accepts: what the system has, what it can install, what npm can bring.
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { chosenDriver, userEnvironment } from './environment.mjs';
import { run } from './run.mjs';

/**
 * @typedef {import('./environment.mjs').VulkanEnvironment} VulkanEnvironment
 * @typedef {{ vendor: string, architecture: string, device: string, description: string, features: string[] }} FoundAdapter
 * @typedef {{ ok: true, adapter: FoundAdapter } | { ok: false, reason: string }} Probe
 */

/** A driver's first start may compile for a while on a slow machine. */
const PROBE_TIMEOUT_MS = 60_000;

/**
 * Asks Dawn for an adapter in a child process with `environment`, which gives way to the user's choice of a driver.
 * @param {string} root the package's folder
 * @param {VulkanEnvironment} [environment]
 * @returns {Promise<Probe>}
 */
export async function probe(root, environment = { variables: {} }) {
  const script = join(root, 'scripts', 'lib', 'probe.mjs');
  const ended = await run(process.execPath, [script, JSON.stringify(environment)], {
    env: userEnvironment(),
    timeoutMs: PROBE_TIMEOUT_MS,
  });
  if (!ended.ok) return { ok: false, reason: `the driver ended the process that loaded it: ${ended.how}` };
  // Drivers write to stdout as they please; the answer is the last line.
  return JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) ?? '');
}

/**
 * A name of an adapter for people.
 * @param {FoundAdapter} adapter
 * @returns {string}
 */
export function adapterName({ vendor, device, description }) {
  return description || device || vendor || 'unnamed adapter';
}

/**
 * The manifests of every Vulkan driver where the loader looks for them.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string[]}
 */
export function installedDrivers(env = process.env) {
  const data = (env.XDG_DATA_DIRS || '/usr/local/share:/usr/share').split(delimiter);
  const folders = [join(homedir(), '.local', 'share'), '/etc', '/usr/local/etc', ...data].map((folder) =>
    join(folder, 'vulkan', 'icd.d'),
  );
  return folders.flatMap((folder) => list(folder).filter((file) => file.endsWith('.json')));
}

/**
 * SwiftShader manifests beside an installed Chromium, Chrome or Electron.
 * @param {string} root
 * @returns {string[]}
 */
export function browserDrivers(root) {
  const cache = join(homedir(), '.cache');
  const folders = [
    '/usr/lib/chromium',
    '/usr/lib/chromium-browser',
    '/usr/lib64/chromium-browser',
    '/snap/chromium/current/usr/lib/chromium-browser',
    join(root, 'node_modules', 'electron', 'dist'),
    ...list('/opt'),
    ...list('/opt/google'),
    ...list('/usr/lib').filter((folder) => /electron/.test(folder)),
    ...list(join(cache, 'ms-playwright')).flatMap(list),
    ...list(join(cache, 'puppeteer', 'chrome')).flatMap(list),
  ];
  return folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).filter((file) => existsSync(file));
}

/**
 * The environments that may give a driver of `manifest`: alone, then with the Vulkan loader that lies beside it.
 * @param {string} manifest
 * @returns {VulkanEnvironment[]}
 */
export function environmentsOf(manifest) {
  const variables = { VK_DRIVER_FILES: manifest };
  const loader = join(dirname(manifest), 'libvulkan.so.1');
  return existsSync(loader) ? [{ variables }, { variables, preload: loader }] : [{ variables }];
}

/**
 * The first of `environments` in which Dawn finds an adapter, with the adapter's name, or undefined.
 * @param {string} root
 * @param {readonly VulkanEnvironment[]} environments
 * @returns {Promise<VulkanEnvironment | undefined>}
 */
export async function firstThatWorks(root, environments) {
  for (const environment of environments) {
    const found = await probe(root, environment);
    if (found.ok) return { ...environment, adapter: adapterName(found.adapter) };
  }
  return undefined;
}

/**
 * What works without installing anything, SwiftShaders of browsers aside (they are several times slower than what
 * could be installed). Drivers are only forced where Dawn's own choice fails, so that a real GPU is never passed
 * over, and never against the user's choice. Undefined where nothing works.
 * @param {string} root
 * @param {VulkanEnvironment} [remembered]
 * @returns {Promise<VulkanEnvironment | undefined>}
 */
export async function findVulkan(root, remembered) {
  const environments = [{ variables: {} }];
  if (process.platform === 'linux' && !chosenDriver()) {
    if (remembered) environments.push(remembered);
    const software = installedDrivers().filter((file) => /\/lvp_icd[^/]*$/.test(file));
    environments.push(...software.flatMap(environmentsOf));
  }
  return firstThatWorks(root, environments);
}

/**
 * The entries of a folder with their paths, none where it cannot be read.
 * @param {string} folder
 * @returns {string[]}
 */
function list(folder) {
  try {
    return readdirSync(folder).map((name) => join(folder, name));
  } catch {
    return []; // most of these places do not exist
  }
}
