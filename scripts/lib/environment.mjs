// The Vulkan environment that set-up found, kept in a small file and applied before Dawn loads.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * @typedef {object} VulkanEnvironment
 * @property {Record<string, string>} variables set where the user has chosen no driver
 * @property {string} [preload] a libvulkan.so.1 to load first, where the system has none
 * @property {string} [adapter] what was found with it, for people to read
 */

const DRIVER_CHOICES = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'];
/** Set beside the variables that `applyEnvironment` sets, so that a child process does not take them for the user's. */
const MARK = 'FACET_VULKAN_REMEMBERED';

// POSIX gives these flags no portable numbers; they are glibc's on Linux, the only system where they are used.
const RTLD_NOW = 0x2;
const RTLD_NODELETE = 0x1000;

/**
 * Whether `root` is a clone that can be built, not an installed package.
 * @param {string} root
 * @returns {boolean}
 */
export function isClone(root) {
  return existsSync(join(root, 'src')) && existsSync(join(root, 'scripts', 'build.mjs'));
}

/**
 * The user's cache folder for Facet: FACET_CACHE, else the system's usual place. The same as `cacheFolder` of
 * src/platform/node-paths.ts, which set-up cannot load before the packages are there; a test compares them.
 * @param {NodeJS.ProcessEnv} [env]
 * @param {NodeJS.Platform} [platform]
 * @returns {string}
 */
export function cacheFolder(env = process.env, platform = process.platform) {
  if (env.FACET_CACHE) return env.FACET_CACHE;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'facet');
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(homedir(), 'AppData', 'Local'), 'facet');
  const xdg = env.XDG_CACHE_HOME;
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'facet');
}

/**
 * Where the environment of the package at `root` is remembered: in a clone, in its own `.cache`.
 * @param {string} root
 * @returns {string}
 */
export function environmentFile(root) {
  return isClone(root) ? join(root, '.cache', 'facet-vulkan.json') : join(cacheFolder(), 'vulkan.json');
}

/**
 * What was remembered, or undefined where nothing was or where a file that it names is gone.
 * @param {string} root
 * @returns {VulkanEnvironment | undefined}
 */
export function readEnvironment(root) {
  const file = environmentFile(root);
  if (!existsSync(file)) return undefined;
  /** @type {VulkanEnvironment} */
  let environment;
  try {
    environment = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // cut short while it was written: the next set-up writes it anew
  }
  const files = Object.values(environment.variables ?? {});
  if (environment.preload) files.push(environment.preload);
  return files.every((path) => existsSync(path)) ? environment : undefined;
}

/**
 * Remembers `environment` for the next start.
 * @param {string} root
 * @param {VulkanEnvironment} environment
 */
export function writeEnvironment(root, environment) {
  const file = environmentFile(root);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(environment, undefined, 2)}\n`);
}

/**
 * The variable by which the user has chosen a Vulkan driver, as `NAME=value`, or undefined.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string | undefined}
 */
export function chosenDriver(env = process.env) {
  const name = DRIVER_CHOICES.find((choice) => env[choice]);
  return name && !env[MARK] ? `${name}=${env[name]}` : undefined;
}

/**
 * `env` as the user gave it: without what `applyEnvironment` added in this process or the one that started it.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {NodeJS.ProcessEnv}
 */
export function userEnvironment(env = process.env) {
  if (!env[MARK]) return { ...env };
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => name !== MARK && !DRIVER_CHOICES.includes(name)),
  );
}

/**
 * Prepares this process, and those that it starts, for Dawn; to be called before `webgpu` opens Vulkan. The user's
 * own choice of a driver wins.
 * @param {VulkanEnvironment | undefined} environment
 */
export function applyEnvironment(environment) {
  if (process.platform === 'linux') process.env.XDG_RUNTIME_DIR ??= tmpdir(); // the loader complains without
  if (!environment || chosenDriver()) return;
  if (Object.keys(environment.variables).length > 0)
    Object.assign(process.env, environment.variables, { [MARK]: '1' });
  if (environment.preload) preload(environment.preload);
}

/**
 * Loads a shared library that stays: a later dlopen of the same soname, here Dawn's of libvulkan.so.1, finds it.
 * LD_LIBRARY_PATH would do the same, but only if set before Node starts, and a second process for that would
 * stand between the terminal's Ctrl-C and the run.
 * @param {string} library
 */
function preload(library) {
  try {
    process.dlopen({ exports: {} }, library, RTLD_NOW | RTLD_NODELETE);
  } catch (error) {
    // Node loads it, finds no addon in it, and says so; whether it helped, the search for an adapter shows.
    if (!String(error).includes('did not self-register')) throw error;
  }
}
