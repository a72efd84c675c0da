// A child process: asks Dawn for an adapter in a given environment and prints what it finds as one line of JSON.
// It stands alone because a bad Vulkan driver can end the process that loads it.
import { applyEnvironment } from './environment.mjs';

/** @typedef {import('./vulkan.mjs').Probe} Probe */

/** @returns {Promise<Probe>} */
async function probe() {
  applyEnvironment(JSON.parse(process.argv[2] ?? '{}'));
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return { ok: false, reason: 'Dawn finds no adapter' };
  const { vendor, architecture, device, description } = adapter.info;
  if (/null[- ]backend/i.test(`${description} ${device}`))
    return { ok: false, reason: "only Dawn's Null backend, which computes nothing" };
  const opened = await adapter.requestDevice(); // some drivers are listed but cannot be opened
  opened.destroy();
  return {
    ok: true,
    adapter: { vendor, architecture, device, description, features: [...adapter.features].sort() },
  };
}

const found = await probe().catch((error) => ({
  ok: false,
  reason: String(error?.message ?? error).split('\n')[0],
}));
// Dawn would keep the process alive.
process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
