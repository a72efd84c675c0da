// Under which terms is what a user installs? Rules on package-lock.json; they read no disk.

/** Terms that ask for no more than to be kept beside the code. */
export const PERMISSIVE = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'Unlicense',
  'Zlib',
];

/** Packages under other terms, each with the reason why it is taken nevertheless. */
export const EXCEPTIONS = [
  {
    packages: /^@img\/sharp-(libvips|wasm32|win32)/,
    licence: 'LGPL-3.0-or-later',
    why: 'libvips, which sharp loads as a shared library of its own: it is not changed, and can be replaced',
  },
];

/**
 * @typedef {{ name: string, version: string, licence: string, optional: boolean }} Dependency
 */

/**
 * What is installed with the package, development left out, by name; one of several copies of a version.
 * @param {{ packages: Record<string, { version?: string, license?: string, dev?: boolean, optional?: boolean, link?: boolean }> }} lock
 * @returns {Dependency[]}
 */
export function productionDependencies(lock) {
  const found = new Map();
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === '' || entry.dev || entry.link) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const { version = '', license: licence = 'none told', optional = false } = entry;
    found.set(`${name}@${version}`, { name, version, licence, optional });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Whether an SPDX expression can be met by permissive terms alone, of which `more` are too.
 * @param {string} expression
 * @param {readonly string[]} [more]
 * @returns {boolean}
 */
export function isPermissive(expression, more = []) {
  const text = expression.trim().replace(/^\((.*)\)$/, '$1');
  if (text.includes('(')) return false;
  // AND binds more tightly than OR.
  return text
    .split(/ OR /)
    .some((choice) =>
      choice.split(/ AND /).every((id) => PERMISSIVE.includes(id.trim()) || more.includes(id.trim())),
    );
}

/**
 * Dependencies whose terms are neither permissive nor an exception.
 * @param {readonly Dependency[]} dependencies
 * @returns {string[]} problems, one line each
 */
export function licenceProblems(dependencies) {
  return dependencies
    .filter(({ name, licence }) => {
      const excepted = EXCEPTIONS.filter(({ packages }) => packages.test(name)).map((rule) => rule.licence);
      return !isPermissive(licence, excepted);
    })
    .map(({ name, version, licence }) => `${name} ${version}: ${licence} is not a permissive licence`);
}

/**
 * How many dependencies there are under each licence, most first.
 * @param {readonly Dependency[]} dependencies
 * @returns {[licence: string, count: number][]}
 */
export function countLicences(dependencies) {
  const counts = new Map();
  for (const { licence } of dependencies) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1]);
}
