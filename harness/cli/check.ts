// `facet check`: every op's, optimiser's and search's cases on this machine's adapter, and the references' gradients, by name.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import type { CaseFamily } from '../cases/family.js';
import { families, searchFamilies, stepFamilies } from '../cases/index.js';
import type { SearchFamily } from '../cases/search.js';
import type { StepFamily } from '../cases/step.js';
import { buildCase, type Comparison, checkCase, checkGradient } from '../check.js';
import { checkSearch, searchNames } from '../check-search.js';
import { checkSteps, stepNames } from '../check-steps.js';

/** What is checked, and how it is told. */
export interface CheckOptions {
  /** Only the references' gradients against finite differences, which need no adapter. */
  readonly gradients?: boolean;
  /** One JSON document instead of lines. */
  readonly json?: boolean;
}

interface Job {
  /** Names of the comparisons that the job makes. */
  readonly names: readonly string[];
  run(): Comparison[] | Promise<Comparison[]>;
}

/**
 * Runs what the filters select: all where there are none, else every comparison whose name contains one of them; a
 * filter that is a whole name (`conv2d:forward:C=64;H=33;W=17;K=128`) need not be in a table. Prints a line each
 * with the largest error in units of its tolerance; returns 0, or 1 where something failed. `device` may be left
 * out for gradients alone. InputError where nothing is selected.
 */
export async function runCheck(
  device: Device | undefined,
  filters: readonly string[],
  options: CheckOptions = {},
): Promise<number> {
  const all = jobsFor(device, filters);
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
  const results: Comparison[] = [];
  for (const job of jobs) {
    for (const result of (await job.run()).filter(({ name }) => isWanted(name))) {
      results.push(result);
      if (options.json) continue;
      console.log(`${result.ok ? 'ok    ' : 'FAILED'} ${ratio(result.worst)}  ${result.name}`);
      if (!result.ok) console.log(result.report);
    }
  }
  const failed = results.filter(({ ok }) => !ok).length;
  const adapter = device ? device.adapter.description || device.adapter.device : undefined;
  if (options.json) {
    console.log(JSON.stringify({ adapter, failed, results: results.map(finite) }, undefined, 2));
  } else {
    const worst = results.reduce((a, b) => (b.worst > a.worst ? b : a));
    console.log(`\n${results.length - failed} passed, ${failed} failed${adapter ? ` on ${adapter}` : ''}`);
    console.log(`largest error / tolerance: ${ratio(worst.worst).trim()} (${worst.name})`);
  }
  return failed > 0 ? 1 : 0;
}

/** The tables' jobs, and one for each filter that is a whole name of a case outside of them. */
function jobsFor(device: Device | undefined, filters: readonly string[]): Job[] {
  const jobs = [
    ...families.flatMap((f) => [
      ...(device ? f.cases.map((text) => caseJob(device, f, text)) : []),
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
    else if (f && device && !/^(?:step|search)/.test(part)) jobs.push(caseJob(device, f, text));
    else if (steps && device && part.startsWith('step')) jobs.push(stepJob(device, steps, text));
    else if (search && device && part.startsWith('search')) jobs.push(searchJob(device, search, text));
  }
  return jobs;
}

function caseJob(device: Device, f: CaseFamily, text: string): Job {
  const inputs = Object.keys(f.op.backward).filter((name) => buildCase(f, text).shapes[name]);
  return {
    names: ['forward', ...inputs.map((name) => `backward:${name}`)].map(
      (part) => `${opName(f)}:${part}:${text}`,
    ),
    run: () => checkCase(device, f, text),
  };
}

function gradientJob(f: CaseFamily, text: string): Job {
  const inputs = Object.keys(f.reference.backward).filter((name) => buildCase(f, text).shapes[name]);
  return {
    names: inputs.map((name) => `${opName(f)}:gradient:${name}:${text}`),
    run: () => checkGradient(f, text),
  };
}

function stepJob(device: Device, f: StepFamily, text: string): Job {
  return { names: stepNames(f, text), run: () => checkSteps(device, f, text) };
}

function searchJob(device: Device, f: SearchFamily, text: string): Job {
  return { names: searchNames(f, text), run: () => checkSearch(device, f, text) };
}

function opName(f: CaseFamily): string {
  return f.op.name;
}

function ratio(worst: number): string {
  return worst.toFixed(3).padStart(8);
}

/** JSON has no infinity; a result with NaN in it has that as its worst. */
function finite(result: Comparison): Omit<Comparison, 'worst'> & { worst: number | string } {
  return { ...result, worst: Number.isFinite(result.worst) ? result.worst : String(result.worst) };
}

async function action(filters: string[], options: CheckOptions): Promise<void> {
  if (options.gradients) {
    process.exitCode = await runCheck(undefined, filters, options);
    return;
  }
  const platform = nodePlatform();
  try {
    const device = await Device.open(platform);
    try {
      process.exitCode = await runCheck(device, filters, options);
    } finally {
      device.destroy();
    }
  } finally {
    platform.dispose();
  }
}

/** The sub-command `check`. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'hold every kernel against its float64 reference on this adapter, within the derived tolerance',
    )
    .argument('[filter...]', 'part of a name, or a whole one such as "conv2d:forward:C=64;H=33;W=17;K=128"')
    .option('--gradients', "only the references' gradients against finite differences; needs no adapter")
    .option('--json', 'print one JSON document')
    .action(action);
}

/** The sub-command `gradcheck`: `check --gradients`. */
export function gradcheckCommand(): Command {
  return new Command('gradcheck')
    .description("hold the references' gradients against finite differences (the same as check --gradients)")
    .argument('[filter...]', 'part of a name, or a whole one')
    .option('--json', 'print one JSON document')
    .action((filters: string[], options: CheckOptions) => action(filters, { ...options, gradients: true }));
}
