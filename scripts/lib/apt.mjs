// Debian's and Ubuntu's package sources, and the commands that bring a software Vulkan from them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} AptSource
 * @property {string} uri
 * @property {string} suite
 * @property {string[]} components
 * @property {string} [signedBy] a key file, or a whole key in deb822's multi-line form
 * @property {string} [trusted]
 */

/** From this Mesa on, lavapipe is known to do all that Dawn asks for. */
export const MESA_WANTED = '24';
/** An older one is worth a trial from here on; Mesa 22 lacks dynamic indexing of uniform arrays, and Dawn refuses it. */
export const MESA_TRIED = '23';

/** What lavapipe needs: the driver and the loader. */
export const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1'];

/**
 * Reads deb822 text (`*.sources`): one entry per URI and suite of every enabled `deb` stanza.
 * @param {string} text
 * @returns {AptSource[]}
 */
export function parseDeb822(text) {
  return text
    .split(/\n(?:[ \t]*\n)+/)
    .map(parseStanza)
    .filter(
      (fields) =>
        words(fields.types).includes('deb') &&
        !/^(no|false|0|off|without|disable)$/i.test(fields.enabled ?? ''),
    )
    .flatMap((fields) =>
      words(fields.uris).flatMap((uri) =>
        words(fields.suites).map((suite) => ({
          uri,
          suite,
          components: words(fields.components),
          ...(fields['signed-by'] && { signedBy: fields['signed-by'] }),
          ...(fields.trusted && { trusted: fields.trusted }),
        })),
      ),
    );
}

/**
 * Reads one-line text (`*.list`): `deb [option=value …] uri suite component …`.
 * @param {string} text
 * @returns {AptSource[]}
 */
export function parseOneLine(text) {
  /** @type {AptSource[]} */
  const sources = [];
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)([^#]*)/.exec(line);
    if (!match) continue;
    const options = Object.fromEntries(words(match[1]).map((option) => option.split(/=(.*)/s)));
    sources.push({
      uri: match[2],
      suite: match[3],
      components: words(match[4]),
      ...(options['signed-by'] && { signedBy: options['signed-by'].replaceAll(',', ' ') }),
      ...(options.trusted && { trusted: options.trusted }),
    });
  }
  return sources;
}

/**
 * Every source that apt itself reads in `folder` (normally /etc/apt); files with other endings are ignored, as apt does.
 * @param {string} [folder]
 * @returns {AptSource[]}
 */
export function readSources(folder = '/etc/apt') {
  const parts = join(folder, 'sources.list.d');
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  return [join(folder, 'sources.list'), ...files.sort()].flatMap((file) => {
    if (file.endsWith('.sources')) return parseDeb822(readFileSync(file, 'utf8'));
    if (file.endsWith('.list') && existsSync(file)) return parseOneLine(readFileSync(file, 'utf8'));
    return [];
  });
}

/**
 * The source of `<codename>-backports`: the machine's own where it has one (`configured`), else the release's mirror
 * and key with that suite. Undefined where no source carries the release itself; the security archive, whose suite
 * is `<codename>-security`, has no backports.
 * @param {readonly AptSource[]} sources
 * @param {string} codename
 * @returns {{ source: AptSource, configured: boolean } | undefined}
 */
export function backportsSource(sources, codename) {
  const suite = `${codename}-backports`;
  const isMain = (/** @type {AptSource} */ source) => source.components.includes('main');
  const own = sources.find((source) => source.suite === suite && isMain(source));
  if (own) return { source: own, configured: true };
  const release = sources.find((source) => source.suite === codename && isMain(source));
  return release && { source: { ...release, suite, components: ['main'] }, configured: false };
}

/**
 * A source as a deb822 stanza, as apt reads it from a `*.sources` file.
 * @param {AptSource} source
 * @returns {string}
 */
export function formatDeb822(source) {
  const lines = [
    'Types: deb',
    `URIs: ${source.uri}`,
    `Suites: ${source.suite}`,
    `Components: ${source.components.join(' ')}`,
  ];
  if (source.signedBy) lines.push(`Signed-By: ${source.signedBy}`);
  if (source.trusted) lines.push(`Trusted: ${source.trusted}`);
  return `${lines.join('\n')}\n`;
}

/**
 * The `Candidate:` of one package in the output of `apt-cache policy`; undefined where there is none.
 * @param {string} policy
 * @returns {string | undefined}
 */
export function policyCandidate(policy) {
  const candidate = /^\s*Candidate:\s*(\S+)/m.exec(policy)?.[1];
  return candidate === '(none)' ? undefined : candidate;
}

/**
 * What a person types to do the same by hand; `backports` is the source to add first, where one is needed.
 * @param {{ suite?: string, backports?: AptSource }} [from]
 * @returns {string}
 */
export function aptCommand({ suite, backports } = {}) {
  const install = `sudo apt-get update && sudo apt-get install -y ${suite ? `-t ${suite} ` : ''}${PACKAGES.join(' ')}`;
  if (!backports) return install;
  // A whole key does not fit into one line; apt then finds the release's key among its trusted ones.
  const keyFile = backports.signedBy?.startsWith('/')
    ? `[signed-by=${backports.signedBy.replaceAll(' ', ',')}] `
    : '';
  const line = `deb ${keyFile}${backports.uri} ${backports.suite} main`;
  return `echo '${line}' | sudo tee /etc/apt/sources.list.d/${backports.suite}.list && ${install}`;
}

/**
 * The fields of one stanza, names in lower case; continuation lines keep their line breaks.
 * @param {string} stanza
 * @returns {Record<string, string | undefined>}
 */
function parseStanza(stanza) {
  /** @type {Record<string, string>} */
  const fields = {};
  let last = '';
  for (const line of stanza.split('\n')) {
    if (line.startsWith('#')) continue;
    const field = /^([A-Za-z][\w-]*)\s*:\s*(.*?)\s*$/.exec(line);
    if (field) {
      last = field[1].toLowerCase();
      fields[last] = field[2];
    } else if (last && /^[ \t]/.test(line)) {
      fields[last] += `\n${line.trimEnd()}`;
    }
  }
  return fields;
}

/**
 * @param {string | undefined} text
 * @returns {string[]}
 */
function words(text) {
  return text?.split(/\s+/).filter(Boolean) ?? [];
}
