// `facet doctor`: what this machine has, what Facet would use, and what to type where something is missing.
import { basename } from 'node:path';
import {
  applyEnvironment,
  chosenDriver,
  environmentFile,
  readEnvironment,
} from '../../scripts/lib/environment.mjs';
import { mendingCommand } from '../../scripts/lib/mend.mjs';
import { ensureVulkan } from '../../scripts/lib/setup.mjs';
import { nodeComplaint } from '../../scripts/lib/versions.mjs';
import {
  adapterName,
  browserDrivers,
  environmentsOf,
  installedDrivers,
  probe,
} from '../../scripts/lib/vulkan.mjs';
import { type AdapterReport, Device, findAdapter } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';
import { cacheFolder, packageRoot } from '../../src/platform/node-paths.js';

export interface DoctorOptions {
  /** Print the report as JSON instead of text. */
  json?: boolean;
  /** First bring a software Vulkan where no adapter is found, as set-up does. */
  mend?: boolean;
}

/** One way to an adapter, tried in a process of its own. */
export interface FoundDriver {
  /** `as a run starts`, or the file name of a Vulkan driver's manifest. */
  readonly through: string;
  /** The adapter's name; absent where there is none. */
  readonly adapter?: string;
  /** Why there is none. */
  readonly reason?: string;
}

/** The adapter that a run would open, as opened. */
export interface UsedAdapter extends AdapterReport {
  readonly featuresUsed: readonly string[];
  /** What WebGPU grants without asking, for the names in `limits`. */
  readonly defaultLimits: Readonly<Record<string, number>>;
}

export interface DoctorReport {
  readonly usable: boolean;
  readonly node: string;
  readonly dawn: string | undefined;
  readonly system: string;
  readonly drivers: readonly FoundDriver[];
  readonly used: UsedAdapter | undefined;
  /** The variable by which the user has chosen a driver, those that set-up remembers, and where it does. */
  readonly environment: {
    readonly chosen: string | undefined;
    readonly remembered: Readonly<Record<string, string>>;
    readonly rememberedIn: string;
  };
  readonly weights: { readonly cache: string; readonly FACET_WEIGHTS: string | undefined };
  readonly missing: readonly { readonly what: string; readonly mend: string }[];
}

/**
 * Examines the machine and prints a report to stdout; 0 where Facet can run on it, else 1. Drivers are tried in
 * child processes, so that a bad one is told and does not end the command.
 */
export async function doctor(options: DoctorOptions = {}): Promise<number> {
  if (options.mend) await mend();
  const report = await examine();
  console.log(options.json ? JSON.stringify(report, undefined, 2) : describe(report));
  return report.usable ? 0 : 1;
}

async function mend(): Promise<void> {
  try {
    applyEnvironment(await ensureVulkan(packageRoot()));
  } catch (error) {
    console.error(`facet doctor: ${(error as Error).message}`); // the report below still says what there is
  }
}

async function examine(): Promise<DoctorReport> {
  const root = packageRoot();
  const missing: { what: string; mend: string }[] = [];
  const node = nodeComplaint(process.version);
  if (node) missing.push({ what: 'a newer Node', mend: node });

  // As a run starts: with what set-up remembered, unless the user has chosen.
  const remembered = readEnvironment(root);
  const own = await probe(root, remembered);
  const drivers: FoundDriver[] = [
    { through: 'as a run starts', ...outcome(own) },
    ...(process.platform === 'linux' && !chosenDriver() ? await eachDriver(root) : []),
  ];
  let opened: { used: UsedAdapter; dawn: string } | undefined;
  if (own.ok) opened = await open();
  else missing.push({ what: `an adapter: ${own.reason}`, mend: await adapterAdvice() });

  return {
    usable: missing.length === 0,
    node: process.version,
    dawn: opened?.dawn,
    system: `${process.platform} ${process.arch}`,
    drivers,
    used: opened?.used,
    environment: {
      chosen: chosenDriver(),
      remembered: remembered?.variables ?? {},
      rememberedIn: environmentFile(root),
    },
    weights: { cache: cacheFolder(), FACET_WEIGHTS: process.env.FACET_WEIGHTS },
    missing,
  };
}

async function adapterAdvice(): Promise<string> {
  const command = await mendingCommand();
  return process.platform === 'linux' && !chosenDriver()
    ? `facet doctor --mend; or by hand: ${command}`
    : command;
}

/** Tries the manifests of all Vulkan drivers one by one. */
async function eachDriver(root: string): Promise<FoundDriver[]> {
  const found: FoundDriver[] = [];
  for (const manifest of [...new Set([...installedDrivers(), ...browserDrivers(root)])]) {
    const tried = await probe(root, environmentsOf(manifest)[0]);
    found.push({ through: basename(manifest), ...outcome(tried) });
  }
  return found;
}

function outcome(tried: Awaited<ReturnType<typeof probe>>): Omit<FoundDriver, 'through'> {
  return tried.ok ? { adapter: adapterName(tried.adapter) } : { reason: tried.reason };
}

/** Opens the adapter as a run does, and once more as WebGPU would by default, to tell the difference. */
async function open(): Promise<{ used: UsedAdapter; dawn: string }> {
  const platform = nodePlatform();
  try {
    const plain = await (await findAdapter(platform))?.requestDevice();
    const device = await Device.open(platform);
    const names = Object.keys(device.adapter.limits) as (keyof GPUSupportedLimits)[];
    const used: UsedAdapter = {
      ...device.adapter,
      featuresUsed: [...device.gpu.features].filter((name) => name !== 'core-features-and-limits').sort(),
      defaultLimits: Object.fromEntries(names.map((name) => [name, plain?.limits[name] as number])),
    };
    plain?.destroy();
    device.destroy();
    return { used, dawn: platform.gpuVersion };
  } finally {
    platform.dispose();
  }
}

function describe(report: DoctorReport): string {
  const { used, weights, environment } = report;
  const rows: [string, string][] = [
    ['Node', report.node],
    ['Dawn', report.dawn ?? 'not opened'],
    ['system', report.system],
  ];
  for (const driver of report.drivers)
    rows.push([driver.through, driver.adapter ?? `none: ${driver.reason}`]);
  const remembered = Object.entries(environment.remembered).map(([name, value]) => `${name}=${value}`);
  const choice = environment.chosen ?? (remembered.join(' ') || 'none: Dawn chooses');
  rows.push(['choice of a driver', choice], ['remembered in', environment.rememberedIn]);
  rows.push(['weights are cached in', weights.cache], ['FACET_WEIGHTS', weights.FACET_WEIGHTS ?? 'not set']);
  const parts = [table(rows)];
  if (used) parts.push(`\nFacet runs on\n${table(describeAdapter(used), '  ')}`);
  for (const { what, mend } of report.missing) parts.push(`\nmissing: ${what}\nto mend: ${mend}`);
  if (report.usable) parts.push('\nAll is well.');
  return parts.join('\n');
}

function describeAdapter(used: UsedAdapter): [string, string][] {
  const { subgroupMinSize: least, subgroupMaxSize: most } = used;
  return [
    [
      'adapter',
      `${used.device || 'unnamed'} (${used.vendor || 'unknown vendor'}, ${used.architecture || 'unknown'})`,
    ],
    ['driver', used.description || 'not told'],
    ['kind', used.software ? 'software: it computes on the CPU' : 'hardware'],
    ['subgroups', most === 0 ? 'none' : least === most ? `${least} lanes` : `${least} to ${most} lanes`],
    ['features used', used.featuresUsed.join(', ') || 'none'],
    ...Object.entries(used.limits).map(([name, limit]): [string, string] => {
      const standard = used.defaultLimits[name];
      return [name, limit === standard ? `${limit}` : `${limit} (raised from ${standard})`];
    }),
  ];
}

/** Rows of a name and a value, the values in one column. */
function table(rows: readonly [string, string][], indent = ''): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${indent}${name.padEnd(width)}  ${value}`).join('\n');
}
