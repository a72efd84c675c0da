// What tuning measures: the ops of one style step, recorded without weights and without a GPU.
import { type Device, mib } from '../src/gpu/device.js';
import { bucketKey, type TuneItem } from '../src/graph/tunables.js';
import type { LoadedWeights, StyleManifest } from '../src/nets/manifest.js';
import { bindingLimit } from '../src/style/fit.js';
import { resolveOptions } from '../src/style/options.js';
import { planStep } from '../src/style/session.js';

/** Distinct items of the steps of all nets (`manifestOf` reads theirs) and sizes. Sizes that do not fit the adapter are told to `note` and left out. */
export async function stepItems(
  device: Device,
  nets: readonly string[],
  sizes: readonly number[],
  note: (line: string) => void,
  manifestOf: (net: string) => StyleManifest | Promise<StyleManifest>,
): Promise<TuneItem[]> {
  const items = new Map<string, TuneItem>();
  for (const net of nets) {
    const weights = shapesOnly(net, await manifestOf(net));
    for (const size of sizes) {
      const o = resolveOptions({ size, firstSize: size }, weights);
      const { plan, tunables } = planStep(device.target, weights, { width: size, height: size }, o);
      const largest = Math.max(
        ...plan.slots.map(({ bytes }) => bytes),
        ...plan.pinned.map(({ bytes }) => bytes),
      );
      const limit = bindingLimit(device.target);
      if (largest > limit) {
        note(
          `${net} at ${size}x${size} is left out: a tensor of ${mib(largest)} MiB, and this adapter binds at most ${mib(limit)} MiB`,
        );
        continue;
      }
      for (const item of tunables) {
        const key = bucketKey(item.tunable);
        if (!items.has(key)) items.set(key, item);
      }
    }
  }
  return [...items.values()];
}

/** A net's weights by their shapes: nobody reads a value where nothing is computed. */
function shapesOnly(net: string, manifest: StyleManifest): LoadedWeights {
  const none = new Float32Array(0);
  const tensors = new Map(manifest.tensors.map(({ name, shape }) => [name, { shape, values: none }]));
  return { net, manifest, tensors, convention: manifest.input, source: 'the manifest', sha256: '' };
}
