// What a person must type where set-up cannot bring a Vulkan driver by itself.
import { readFileSync } from 'node:fs';
import { aptCommand, backportsSource, MESA_WANTED, readSources } from './apt.mjs';
import { chosenDriver } from './environment.mjs';
import { mesaCandidate } from './install.mjs';
import { compareVersions } from './versions.mjs';

/** @typedef {{ family: string, codename: string }} Release `family` is a word such as `debian`, or empty */

const FAMILIES = ['debian', 'ubuntu', 'fedora', 'rhel', 'arch', 'suse', 'alpine'];

/** @type {Record<string, string>} */
const COMMANDS = {
  fedora: 'sudo dnf install -y mesa-vulkan-drivers vulkan-loader',
  rhel: 'sudo dnf install -y mesa-vulkan-drivers vulkan-loader',
  arch: 'sudo pacman -S --needed vulkan-swrast vulkan-icd-loader',
  suse: 'sudo zypper install -y libvulkan_lvp libvulkan1',
  alpine: 'use a Linux with glibc: the webgpu package holds no build of Dawn for musl',
};

/**
 * The family of a Linux and the codename of its release, from the text of /etc/os-release.
 * @param {string} text
 * @returns {Release}
 */
export function parseRelease(text) {
  const field = (/** @type {string} */ name) =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1] ?? '';
  const names = `${field('ID')} ${field('ID_LIKE')}`.split(/[\s-]+/);
  return { family: names.find((name) => FAMILIES.includes(name)) ?? '', codename: field('VERSION_CODENAME') };
}

/**
 * This machine's release; empty words where it does not say.
 * @returns {Release}
 */
export function thisRelease() {
  try {
    return parseRelease(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return { family: '', codename: '' };
  }
}

/**
 * Whether apt is how this release installs.
 * @param {Release} release
 * @returns {boolean}
 */
export function hasApt({ family }) {
  return family === 'debian' || family === 'ubuntu';
}

/**
 * The command, or the advice, that gives this machine an adapter that Dawn accepts.
 * @returns {Promise<string>}
 */
export async function mendingCommand() {
  const chosen = chosenDriver();
  if (chosen) return `correct or unset ${chosen}: Dawn finds no adapter through it`;
  if (process.platform === 'darwin') return 'run on a Mac with Metal; Dawn finds no adapter here';
  if (process.platform === 'win32') return "install the current driver of this machine's graphics adapter";
  const release = thisRelease();
  if (!hasApt(release))
    return (
      COMMANDS[release.family] ?? "install the Vulkan loader and a Vulkan driver; Mesa's lavapipe will do"
    );
  const candidate = await mesaCandidate();
  if (!candidate || compareVersions(candidate, MESA_WANTED) >= 0) return aptCommand();
  const backports =
    release.family === 'debian' ? backportsSource(readSources(), release.codename) : undefined;
  if (!backports) return aptCommand();
  return aptCommand({
    suite: backports.source.suite,
    backports: backports.configured ? undefined : backports.source,
  });
}
