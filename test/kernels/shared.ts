// What every kernel test file does with its op's table of cases.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CaseFamily } from '../../harness/cases/family.js';
import type { SearchFamily } from '../../harness/cases/search.js';
import type { StepFamily } from '../../harness/cases/step.js';
import { checkCase, checkGradient } from '../../harness/check.js';
import { checkSearch } from '../../harness/check-search.js';
import { checkSteps } from '../../harness/check-steps.js';
import { Device } from '../../src/gpu/device.js';
import { nodePlatform } from '../../src/platform/node.js';

/** A device for the whole test file. */
export function useDevice(): { readonly device: Device } {
  const platform = nodePlatform();
  const held: { device?: Device } = {};
  beforeAll(async () => {
    held.device = await Device.open(platform);
  });
  afterAll(() => {
    held.device?.destroy();
    platform.dispose();
  });
  return {
    get device() {
      return held.device!;
    },
  };
}

/** The same device, described as a GPU to whatever chooses variants by it. */
export function describedAsGpu(device: Device): Device {
  return new Proxy(device, {
    get(_target, key) {
      if (key === 'target') return { ...device.target, cpu: false };
      const value: unknown = Reflect.get(device, key, device);
      return typeof value === 'function' ? value.bind(device) : value;
    },
  });
}

/** GPU against CPU on every case, and the CPU's gradients against finite differences. */
export function checkFamily(f: CaseFamily): void {
  const { name } = f.op as { name: string };
  describe(name, () => {
    const gpu = useDevice();
    it.each(f.gradients)(`${name}:gradient:%s`, (text) => {
      for (const result of checkGradient(f, text)) expect(result.ok, result.report).toBe(true);
    });
    it.each(f.cases)(`${name}:%s`, async (text) => {
      for (const result of await checkCase(gpu.device, f, text)) expect(result.ok, result.report).toBe(true);
    });
  });
}

/** An optimiser's steps on the GPU against its float64 twin's. */
export function checkStepFamily(f: StepFamily): void {
  describe(f.name, () => {
    const gpu = useDevice();
    it.each(f.cases)(`${f.name}:step:%s`, async (text) => {
      for (const result of await checkSteps(gpu.device, f, text)) expect(result.ok, result.report).toBe(true);
    });
  });
}

/** The rows that the GPU finds against those that float64 finds. */
export function checkSearchFamily(f: SearchFamily): void {
  describe(f.name, () => {
    const gpu = useDevice();
    it.each(f.cases)(`${f.name}:search:%s`, async (text) => {
      for (const result of await checkSearch(gpu.device, f, text))
        expect(result.ok, result.report).toBe(true);
    });
  });
}
