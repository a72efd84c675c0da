// `facet peer`: one fixed workload on one line: a first run, then at least five warm ones; every run reads its result
// back.
import { setPriority } from 'node:os';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { Device } from '../../src/gpu/device.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { TensorStore } from '../../src/gpu/store.js';
import { nodePlatform } from '../../src/platform/node.js';
import { PEER_WORKLOADS } from '../bench/peer-workloads.js';
import { precisionOption } from './arguments.js';
import { describeTuning, readTuning, tuningOption } from './tuning-option.js';

/** At least so many runs after the first, for at least so long, and no more than so many. */
const FEWEST_RUNS = 5;
const LEAST_MS = 1500;
const MOST_RUNS = 30;

/** `npm run --silent bench:peer -- WORKLOAD`; data from the folder PEER_DATA names, random without. */
export function peerCommand(): Command {
  return new Command('peer')
    .description(
      `time one workload that other frameworks are timed on: ${Object.keys(PEER_WORKLOADS).join(', ')}`,
    )
    .argument('<workload>')
    .addOption(tuningOption())
    .addOption(precisionOption())
    .action(runPeer);
}

async function runPeer(name: string, options: { tuning?: string; precision: Precision }): Promise<void> {
  const make = PEER_WORKLOADS[name];
  if (!make)
    throw new InputError(
      `there is no workload ${name}; choose one of ${Object.keys(PEER_WORKLOADS).join(', ')}`,
    );
  const tuning = await readTuning(options.tuning);
  const platform = nodePlatform();
  let opened: Device | undefined;
  try {
    const device = await Device.open(platform, { ...tuning, precision: options.precision });
    opened = device;
    // On one core the thread that waits would take time from the adapter's own.
    setPriority(19);
    const store = new TensorStore(device);
    const started = performance.now();
    const run = await make(store, process.env.PEER_DATA);
    const out = await run();
    const first = performance.now() - started;
    const times: number[] = [];
    const cpu: number[] = [];
    let total = 0;
    while (times.length < FEWEST_RUNS || (total < LEAST_MS && times.length < MOST_RUNS)) {
      const before = process.cpuUsage();
      const from = performance.now();
      await run();
      times.push(performance.now() - from);
      total += times.at(-1)!;
      const used = process.cpuUsage(before);
      cpu.push((used.user + used.system) / 1000);
    }
    const absmean = out.reduce((sum, value) => sum + Math.abs(value), 0) / out.length;
    const result = {
      first_ms: first,
      times_ms: times,
      cpu_ms: cpu,
      check: { n: out.length, absmean },
      rss_mb: process.resourceUsage().maxRSS / 1024,
      device: device.adapter.description || device.adapter.device,
      tuning: describeTuning(device.tuning),
      precision: device.target.precision,
    };
    process.stdout.write(`RESULT ${JSON.stringify(result)}\n`);
    store.destroy();
  } finally {
    opened?.destroy();
    platform.dispose();
  }
}
