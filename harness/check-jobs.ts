// What there is to check, by name: every op's, optimiser's and search's cases, and the references' gradients.
import { InputError } from '../src/base/errors.js';
import type { Device } from '../src/gpu/device.js';
import type { CaseFamily } from './cases/family.js';
import { families, searchFamilies, stepFamilies } from './cases/index.js';
import type { SearchFamily } from './cases/search.js';
import type { StepFamily } from './cases/step.js';
import { buildCase, type Comparison, checkCase, checkGradient } from './check.js';
import { checkSearch, searchNames } from './check-search.js';
import { checkSteps, stepNames } from './check-steps.js';
import { type CaseVariant, candidatesOf, othersOf, variantTitle } from './variants.js';

/** One case, which makes several comparisons. */
export interface CheckJob {
  /** Names of the comparisons that the job makes. */
  readonly names: readonly string[];
  run(): Comparison[] | Promise<Comparison[]>;
}

/**
 * The jobs that the filters select: all where there are none, else those with a comparison whose name contains one of
 * them; a filter that is a whole name need not be in a table. `isWanted` tells which comparisons of a job were meant.
 * `device` may be left out for gradients alone. InputError where nothing is selected.
 */
export function selectChecks(
  device: Device | undefined,
  filters: readonly string[],
): { readonly jobs: readonly CheckJob[]; readonly isWanted: (name: string) => boolean } {
  const all = checkJobs(device, filters);
  const known = new Set(all.flatMap(({ names }) => names));
  // A whole name means itself alone, not the names that go on where it ends.
  const isWanted = (name: string) =>
    filters.length === 0 ||
    filters.some((filter) => (known.has(filter) ? name === filter : name.includes(filter)));
  const jobs = all.filter(({ names }) => names.some(isWanted));
  if (jobs.length === 0) {
    const ops = [
      ...families.map(opName),
      ...[...stepFamilies, ...searchFamilies].map(({ name }) => name),
    ].join(', ');
    throw new InputError(`check: nothing is named like ${filters.join(' or ')}; names begin with ${ops}`);
  }
  return { jobs, isWanted };
}

/** The tables' jobs, and one for each filter that is a whole name of a case outside of them. */
function checkJobs(device: Device | undefined, filters: readonly string[]): CheckJob[] {
  const jobs = [
    ...families.flatMap((f) => [
      ...(device ? f.cases.flatMap((text) => caseJobs(device, f, text)) : []),
      ...f.gradients.map((text) => gradientJob(f, text)),
    ]),
    ...(device ? stepFamilies.flatMap((f) => f.cases.map((text) => stepJob(device, f, text))) : []),
    ...(device ? searchFamilies.flatMap((f) => f.cases.map((text) => searchJob(device, f, text))) : []),
  ];
  const known = new Set(jobs.flatMap(({ names }) => names));
  for (const filter of filters) {
    const parts = /^([^:]+):(forward|(?:gradient|backward|step|search):[^:]+):([^:]+)$/.exec(filter);
    if (!parts || [...known].some((name) => name.includes(filter))) continue;
    const [, name, part, text] = parts as unknown as [string, string, string, string];
    const f = families.find((candidate) => opName(candidate) === name);
    const steps = stepFamilies.find((candidate) => candidate.name === name);
    const search = searchFamilies.find((candidate) => candidate.name === name);
    if (f && part.startsWith('gradient')) jobs.push(gradientJob(f, text));
    else if (f && device && !/^(?:step|search)/.test(part)) {
      const [plain, variant] = text.split(';variant=') as [string, string?];
      const named = variant === undefined ? undefined : findVariant(device, f, plain, variant);
      jobs.push(caseJob(device, f, plain, named));
    } else if (steps && device && part.startsWith('step')) jobs.push(stepJob(device, steps, text));
    else if (search && device && part.startsWith('search')) jobs.push(searchJob(device, search, text));
  }
  return jobs;
}

/** The case as the adapter would run it, and by every other candidate that it can run. */
function caseJobs(device: Device, f: CaseFamily, text: string): CheckJob[] {
  const others = othersOf(f, text, device.target, 'all');
  return [caseJob(device, f, text), ...others.map((variant) => caseJob(device, f, text, variant))];
}

function findVariant(device: Device, f: CaseFamily, text: string, name: string): CaseVariant {
  const all = candidatesOf(f, text, device.target, 'all');
  const found = all.find((variant) => variant.name === name);
  if (found) return found;
  const names = all.map((variant) => variant.name).join(', ') || 'none';
  throw new InputError(
    `check: ${opName(f)}:${text} has no variant ${name} on this adapter; there is ${names}`,
  );
}

function caseJob(device: Device, f: CaseFamily, text: string, variant?: CaseVariant): CheckJob {
  const inputs = Object.keys(f.op.backward).filter((name) => buildCase(f, text).shapes[name]);
  return {
    names: ['forward', ...inputs.map((name) => `backward:${name}`)]
      .filter((part) => !variant || variant.directions.includes(part))
      .map((part) => `${opName(f)}:${part}:${variantTitle(text, variant)}`),
    run: () => checkCase(device, f, text, variant),
  };
}

function gradientJob(f: CaseFamily, text: string): CheckJob {
  const inputs = Object.keys(f.reference.backward).filter((name) => buildCase(f, text).shapes[name]);
  return {
    names: inputs.map((name) => `${opName(f)}:gradient:${name}:${text}`),
    run: () => checkGradient(f, text),
  };
}

function stepJob(device: Device, f: StepFamily, text: string): CheckJob {
  return { names: stepNames(f, text), run: () => checkSteps(device, f, text) };
}

function searchJob(device: Device, f: SearchFamily, text: string): CheckJob {
  return { names: searchNames(f, text), run: () => checkSearch(device, f, text) };
}

function opName(f: CaseFamily): string {
  return f.op.name;
}
