// Set-up of a clone: Node, packages, bundles, adapter; each step only where it is needed.
import { join } from 'node:path';
import { chosenDriver, readEnvironment, writeEnvironment } from './environment.mjs';
import { bringSwiftShader, installMesa } from './install.mjs';
import { hasApt, mendingCommand, thisRelease } from './mend.mjs';
import { npmCommand, npmErrors, run, tail } from './run.mjs';
import { step } from './say.mjs';
import { isStale, packagesComplaint } from './stale.mjs';
import { nodeComplaint } from './versions.mjs';
import { browserDrivers, environmentsOf, findVulkan, firstThatWorks } from './vulkan.mjs';

/** @typedef {import('./environment.mjs').VulkanEnvironment} VulkanEnvironment */

/** What the bundles are made from, relative to the root. */
const SOURCES = ['src', 'shaders', 'harness', 'scripts', 'package.json'];

/**
 * Makes the clone at `root` ready to run and returns the Vulkan environment to run in.
 * @param {string} root
 * @returns {Promise<VulkanEnvironment>} rejects with one clear message where something cannot be had
 */
export async function setUp(root) {
  const complaint = nodeComplaint(process.version);
  if (complaint) throw new Error(complaint);
  await installPackages(root);
  await buildIfStale(root);
  return ensureVulkan(root);
}

/**
 * Runs `npm ci` where node_modules is not what the lock file says.
 * @param {string} root
 */
export async function installPackages(root) {
  const complaint = packagesComplaint(root);
  if (!complaint) return;
  await step(`installing packages, since ${complaint} (npm ci)`, async () => {
    const [npm, ...first] = npmCommand();
    const ended = await run(npm, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund'], { cwd: root });
    if (!ended.ok) throw new Error(`npm ci: ${ended.how}\n${npmErrors(ended.output)}`);
  });
}

/**
 * Builds dist/ where it is missing or older than its sources.
 * @param {string} root
 */
export async function buildIfStale(root) {
  const stamp = join(root, 'dist', '.built');
  if (
    !isStale(
      stamp,
      SOURCES.map((name) => join(root, name)),
    )
  )
    return;
  await step('building (esbuild)', async () => {
    const ended = await run(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root });
    if (!ended.ok) throw new Error(`the build failed: ${ended.how}\n${tail(ended.output, 40)}`);
  });
}

/**
 * Finds a Vulkan driver that Dawn accepts, or brings one, and remembers how to start it. `FACET_NO_INSTALL=1` keeps
 * the system as it is; what npm can bring goes into the user's cache folder.
 * @param {string} root
 * @returns {Promise<VulkanEnvironment>}
 */
export async function ensureVulkan(root) {
  const label = 'looking for an adapter that Dawn accepts';
  const adapterOf = (/** @type {VulkanEnvironment | undefined} */ found) => found?.adapter ?? 'none found';
  let found = await step(label, () => findVulkan(root, readEnvironment(root)), adapterOf);
  if (!found && process.platform === 'linux' && !chosenDriver()) found = await bringVulkan(root);
  if (!found)
    throw new Error(`no adapter that Dawn accepts was found; to mend it: ${await mendingCommand()}`);
  writeEnvironment(root, found);
  return found;
}

/**
 * The ways to a software Vulkan, fastest driver first. A way that fails is told, and the next one tried.
 * @param {string} root
 * @returns {Promise<VulkanEnvironment | undefined>}
 */
async function bringVulkan(root) {
  const release = thisRelease();
  const install = async () => {
    if (process.env.FACET_NO_INSTALL === '1') throw new Error('FACET_NO_INSTALL=1 forbids it');
    await installMesa(release.codename);
    return findVulkan(root);
  };
  const fetch = async () => firstThatWorks(root, environmentsOf(await bringSwiftShader()));
  const browsers = browserDrivers(root);
  /** @type {[string, () => Promise<VulkanEnvironment | undefined>][]} */
  const ways = [['SwiftShader from npm', fetch]];
  if (browsers.length > 0) {
    ways.unshift([
      "an installed browser's SwiftShader",
      () => firstThatWorks(root, browsers.flatMap(environmentsOf)),
    ]);
  }
  if (hasApt(release)) ways.unshift(["Mesa's software Vulkan from apt", install]);
  for (const [name, way] of ways) {
    try {
      const found = await way();
      if (found) {
        console.error(`✓ ${name}: ${found.adapter}`);
        return found;
      }
      console.error(`✗ ${name}: Dawn finds no adapter with it`);
    } catch (error) {
      console.error(`✗ ${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return undefined;
}
