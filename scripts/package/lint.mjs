// Two linters of packages, publint and are-the-types-wrong, on a tarball.
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { CHOSEN } from './budget.mjs';

/**
 * What publint finds, suggestions included.
 * @param {Uint8Array<ArrayBuffer>} tarball
 * @returns {Promise<string[]>} problems, one line each
 */
export async function publintProblems(tarball) {
  const { messages, pkg } = await publint({ pack: { tarball: tarball.slice().buffer }, strict: true });
  return messages.map(
    (message) => `publint: ${message.type}: ${formatMessage(message, pkg, { color: false }) ?? message.code}`,
  );
}

/**
 * What are-the-types-wrong finds, but for what is a choice.
 * @param {Uint8Array} tarball
 * @returns {Promise<string[]>} problems, one line each
 */
export async function typeProblems(tarball) {
  const analysis = await checkPackage(createPackageFromTarballData(tarball));
  if (!analysis.types) return ['are-the-types-wrong: the package has no types'];
  return analysis.problems.filter((problem) => !isChosen(problem)).map(describe);
}

/**
 * Whether a finding is one of the choices that budget.mjs gives reasons for.
 * @param {{ kind: string, resolutionKind?: string }} problem
 * @returns {boolean}
 */
export function isChosen({ kind, resolutionKind }) {
  const choice = Object.entries(CHOSEN).find(([name]) => name === kind)?.[1];
  return choice !== undefined && resolutionKind !== undefined && choice.resolutions.includes(resolutionKind);
}

/**
 * @param {{ kind: string, entrypoint?: string, resolutionKind?: string }} problem
 * @returns {string}
 */
function describe(problem) {
  return `are-the-types-wrong: ${problem.kind}: ${JSON.stringify(problem)}`;
}
