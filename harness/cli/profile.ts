// `facet profile`: one optimisation step, timed whole and by kernel.
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { uniform } from '../../src/base/random.js';
import { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { Net } from '../../src/nets/net.js';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { nodePlatform } from '../../src/platform/node.js';
import { activeTaps, PRESET_NAMES, resolveOptions } from '../../src/style/options.js';
import { ScaleSession } from '../../src/style/session.js';
import { computeTargets } from '../../src/style/targets.js';
import { findWeights } from '../node/weights.js';
import { oneOf, precisionOption, wholeNumber } from './arguments.js';
import { describeTuning, readTuning, tuningOption } from './tuning-option.js';

interface ProfileOptions {
  net: string;
  weights?: string;
  size: number;
  preset: (typeof PRESET_NAMES)[number];
  steps: number;
  tuning?: string;
  precision: Precision;
  json?: boolean;
}

/** The sub-command `profile`. */
export function profileCommand(): Command {
  return new Command('profile')
    .description('time one optimisation step of a square picture, whole and by kernel')
    .option('--net <name>', VGG_NETS.join(' | '), oneOf('--net', VGG_NETS), 'vgg19-slim')
    .option('--weights <path>', 'weights file or folder')
    .option('--size <pixels>', 'side of the picture', wholeNumber('--size'), 128)
    .option('--preset <name>', PRESET_NAMES.join(' | '), oneOf('--preset', PRESET_NAMES), 'quality' as const)
    .option('--steps <n>', 'steps that are timed, after two that are not', wholeNumber('--steps'), 10)
    .addOption(tuningOption())
    .addOption(precisionOption())
    .option('--json', 'print JSON')
    .action(runProfile);
}

async function runProfile(options: ProfileOptions): Promise<void> {
  if (options.steps < 1) throw new InputError(`--steps must be at least 1, got ${options.steps}`);
  const tuning = await readTuning(options.tuning);
  const weights = await findWeights(options.net, options.weights ? { weights: options.weights } : {});
  const { size } = options;
  const o = resolveOptions({ preset: options.preset, size, firstSize: size }, weights);
  const noise = (seed: number) => ({
    width: size,
    height: size,
    values: Float32Array.from({ length: 3 * size * size }, (_, i) => uniform(seed, i)),
  });
  const platform = nodePlatform();
  const started = performance.now();
  let opened: Device | undefined;
  try {
    const device = await Device.open(platform, { ...tuning, precision: options.precision });
    opened = device;
    const store = new TensorStore(device);
    const net = new Net(store, weights, activeTaps(o));
    const targets = await computeTargets(store, net, noise(1), [{ ...noise(2), share: 1 }], o);
    const session = await ScaleSession.create(store, net, { width: size, height: size }, targets, o);
    session.iterate.writeImage(store, noise(3).values);
    await session.step(1);
    const cold = performance.now() - started;
    await session.step(2);
    const wall: number[] = [];
    const cpu: number[] = [];
    for (let i = 0; i < options.steps; i++) {
      const before = process.cpuUsage();
      const from = performance.now();
      await session.step(3 + i);
      wall.push(performance.now() - from);
      const used = process.cpuUsage(before);
      cpu.push((used.user + used.system) / 1000);
    }
    const kernels = device.adapter.features.includes('timestamp-query')
      ? byKernel(await session.profile())
      : [];
    const report = {
      adapter: device.adapter.description || device.adapter.device,
      dawn: platform.gpuVersion,
      net: options.net,
      preset: options.preset,
      tuning: describeTuning(device.tuning),
      precision: device.target.precision,
      size,
      steps: options.steps,
      coldStartMs: cold,
      stepMs: median(wall),
      stepMsRange: [Math.min(...wall), Math.max(...wall)],
      stepCpuMs: median(cpu),
      plannedMiB: (session.plan.transientBytes + session.plan.textureBytes + store.bytes) / 2 ** 20,
      residentMiB: process.resourceUsage().maxRSS / 1024,
      kernels,
    };
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 1)}\n` : describe(report));
    session.destroy();
    store.destroy();
  } finally {
    opened?.destroy();
    platform.dispose();
  }
}

type KernelTime = { kernel: string; ms: number; share: number; dispatches: number };

function byKernel(rows: readonly { kernel: string; ms: number }[]): KernelTime[] {
  const total = rows.reduce((sum, row) => sum + row.ms, 0);
  const sums = new Map<string, { ms: number; dispatches: number }>();
  for (const { kernel, ms } of rows) {
    const sum = sums.get(kernel) ?? { ms: 0, dispatches: 0 };
    sums.set(kernel, { ms: sum.ms + ms, dispatches: sum.dispatches + 1 });
  }
  return [...sums]
    .map(([kernel, { ms, dispatches }]) => ({ kernel, ms, share: ms / total, dispatches }))
    .sort((a, b) => b.ms - a.ms);
}

function describe(r: {
  adapter: string;
  dawn: string;
  net: string;
  preset: string;
  tuning: string;
  precision: Precision;
  size: number;
  steps: number;
  coldStartMs: number;
  stepMs: number;
  stepMsRange: number[];
  stepCpuMs: number;
  plannedMiB: number;
  residentMiB: number;
  kernels: KernelTime[];
}): string {
  const lines = [
    `${r.net}, preset ${r.preset}, ${r.size}x${r.size} on ${r.adapter} (${r.dawn})`,
    `tuning: ${r.tuning}, precision: ${r.precision}`,
    `first step after ${(r.coldStartMs / 1000).toFixed(2)} s (device, weights, targets, pipelines)`,
    `step ${r.stepMs.toFixed(1)} ms median of ${r.steps} (${r.stepMsRange.map((ms) => ms.toFixed(0)).join('..')}), ${r.stepCpuMs.toFixed(0)} ms of CPU`,
    `memory: ${r.plannedMiB.toFixed(0)} MiB of tensors, ${r.residentMiB.toFixed(0)} MiB resident at most`,
    ...r.kernels.map(
      (k) =>
        `  ${(100 * k.share).toFixed(1).padStart(5)} %  ${k.ms.toFixed(2).padStart(9)} ms  ${String(k.dispatches).padStart(3)} x ${k.kernel}`,
    ),
  ];
  return `${lines.join('\n')}\n`;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
