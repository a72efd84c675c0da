// `--plan`: what a step would hold in memory, before anything runs.
import { OutOfMemoryError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { type Device, mib } from '../../src/gpu/device.js';
import type { LoadedWeights } from '../../src/nets/manifest.js';
import type { StyleOptions } from '../../src/style/options.js';
import { planStep } from '../../src/style/session.js';
import { usableScales } from '../../src/style/stylize.js';

/** Rows of the largest slots and pinned tensors that are printed. */
const ROWS = 12;

/** Prints the plan of the last scale; throws OutOfMemoryError where a tensor exceeds what the adapter binds. */
export function printPlan(
  device: Device,
  weights: LoadedWeights,
  content: RgbImage,
  options: StyleOptions,
): void {
  const size = usableScales({ content, weights }, options).at(-1)!;
  const { plan, dispatches, flops } = planStep(device.target, weights, size, options);
  const { maxStorageBufferBindingSize } = device.adapter.limits;
  const lines = [
    `${weights.net} at ${size.width}x${size.height} on ${device.adapter.description || device.adapter.device}`,
    `${dispatches} dispatches a step, ${(flops / 1e9).toFixed(1)} GFLOP`,
    '',
    `transient: ${mib(plan.transientBytes)} MiB in ${plan.slots.length} slots`,
  ];
  for (const slot of [...plan.slots].sort((a, b) => b.bytes - a.bytes).slice(0, ROWS)) {
    const users = [...new Set(slot.tensors)];
    lines.push(
      `  ${mib(slot.bytes).padStart(8)} MiB  ${users.slice(0, 6).join(', ')}${users.length > 6 ? `, … (${users.length})` : ''}`,
    );
  }
  if (plan.slots.length > ROWS) lines.push(`  … and ${plan.slots.length - ROWS} smaller ones`);
  if (plan.textureBytes > 0)
    lines.push(
      `textures: ${mib(plan.textureBytes)} MiB in ${plan.textures.slots.length} (copies that kernels read)`,
    );
  lines.push(`pinned: ${mib(plan.pinnedBytes)} MiB (weights, targets, picture, moments)`);
  for (const { name, bytes } of [...plan.pinned].sort((a, b) => b.bytes - a.bytes).slice(0, ROWS / 2)) {
    lines.push(`  ${mib(bytes).padStart(8)} MiB  ${name}`);
  }
  lines.push('', `peak: ${mib(plan.transientBytes + plan.textureBytes + plan.pinnedBytes)} MiB`);
  const largest = Math.max(...plan.slots.map((slot) => slot.bytes), ...plan.pinned.map((t) => t.bytes));
  const limit = maxStorageBufferBindingSize!;
  lines.push(
    `largest tensor: ${mib(largest)} MiB of ${mib(limit)} MiB that one binding may have: ${largest <= limit ? 'fits' : 'does not fit'}`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
  if (largest > limit) {
    const safe = Math.floor(options.size * Math.sqrt(limit / largest));
    throw new OutOfMemoryError(
      `size ${options.size} needs a tensor of ${mib(largest)} MiB; this adapter binds ${mib(limit)} MiB: choose --size ${safe} or less`,
    );
  }
}
