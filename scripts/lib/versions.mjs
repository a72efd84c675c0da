// Versions of Node and of Debian packages, compared by their numbers.

/** The oldest Node that Facet runs on; `engines.node` of package.json says the same. */
export const OLDEST_NODE = '20.19.0';

/**
 * The leading dotted numbers of a version: `v20.19.1` gives [20, 19, 1], Debian's `1:25.0.7-2~bpo12+1` gives
 * [25, 0, 7]. The epoch is dropped: here only upstream versions of one package are compared. Empty if there are none.
 * @param {string} version
 * @returns {number[]}
 */
export function versionNumbers(version) {
  const match = /^v?(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version.trim());
  return match ? match[1].split('.').map(Number) : [];
}

/**
 * Negative where `a` is older than `b`, 0 where their numbers are equal (missing ones count as 0), else positive.
 * @param {string} a
 * @param {string} b
 * @returns {number}
 */
export function compareVersions(a, b) {
  const left = versionNumbers(a);
  const right = versionNumbers(b);
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * One line that says why `version` of Node is refused, or undefined where it will do.
 * @param {string} version
 * @returns {string | undefined}
 */
export function nodeComplaint(version) {
  if (compareVersions(version, OLDEST_NODE) >= 0) return undefined;
  return `Facet needs Node ${OLDEST_NODE} or newer; this is Node ${version.replace(/^v/, '')}: install a newer one and start again`;
}
