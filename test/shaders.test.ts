// Every variant of every kernel, without a GPU: its WGSL against its spec, and through Dawn's compiler.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { families, searchFamilies, stepFamilies } from '../harness/cases/index.js';
import type { KernelSpec, Variant } from '../src/gpu/kernel.js';
import { MATRIX_FEATURE, SIZE_FEATURE } from '../src/gpu/matrices.js';
import { layoutEntries, shaderCode } from '../src/gpu/pipelines.js';
import { nodePlatform } from '../src/platform/node.js';
import { exportedKernels } from './architecture/tables.js';
import { interfaceViolations, unusedParams } from './shaders/interface.js';
import { askedFor, askedForBySearches, askedForBySteps, distinct } from './shaders/variants.js';

const kernels = (await exportedKernels()).sort((a, b) => a.name.localeCompare(b.name));
const listed = kernels.flatMap((kernel) => kernel.variants.map((variant) => ({ kernel, variant })));
const asked = [
  ...askedFor(families),
  ...askedForBySteps(stepFamilies),
  ...askedForBySearches(searchFamilies),
];
const named = distinct([...listed, ...asked]).map((entry) => [entry.title, entry] as const);

it('finds the kernels', () => expect(kernels.length).toBeGreaterThan(5));

describe('the WGSL agrees with the spec', () => {
  it.each(named)('%s', (_title, { kernel, variant }) =>
    expect(interfaceViolations(kernel, variant)).toEqual([]),
  );
  it.each(kernels)('$name uses all of its params', (kernel) => expect(unusedParams(kernel)).toEqual([]));
});

describe('Dawn compiles', () => {
  // The Null backend validates and translates like a real one and needs no driver.
  const platform = nodePlatform(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  let gpu: Awaited<ReturnType<GPUAdapter['requestDevice']>>;

  beforeAll(async () => {
    const adapter = await platform.gpu.requestAdapter();
    if (!adapter) throw new Error('Dawn has no Null backend');
    gpu = await adapter.requestDevice({
      requiredFeatures: (
        ['shader-f16', 'subgroups', SIZE_FEATURE, MATRIX_FEATURE] as GPUFeatureName[]
      ).filter((name) => adapter.features.has(name)),
      requiredLimits: {
        maxStorageBuffersPerShaderStage: adapter.limits.maxStorageBuffersPerShaderStage,
        maxComputeInvocationsPerWorkgroup: adapter.limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: adapter.limits.maxComputeWorkgroupSizeX,
      },
    });
  });
  afterAll(() => {
    gpu.destroy();
    platform.dispose();
  });

  /** What Dawn says of the shader and of a pipeline with the layout that src/gpu builds; undefined where nothing. */
  async function complaint(kernel: KernelSpec, variant: Variant): Promise<string | undefined> {
    gpu.pushErrorScope('validation');
    const module = gpu.createShaderModule({ code: shaderCode(kernel, variant) });
    const bindings = gpu.createBindGroupLayout({ entries: layoutEntries(kernel, variant) });
    const layout = gpu.createPipelineLayout({ bindGroupLayouts: [bindings] });
    gpu.createComputePipeline({ layout, compute: { module, entryPoint: 'main' } });
    return (await gpu.popErrorScope())?.message;
  }

  it.each(named)('%s', async (_title, { kernel, variant }) =>
    expect(await complaint(kernel, variant)).toBeUndefined(),
  );
});

describe('the checks can fail', () => {
  const broken = (shader: string, changes: Partial<KernelSpec> = {}): KernelSpec => ({
    name: 'broken',
    bindings: () => ({ x: 'read', y: 'read_write' }),
    params: { count: 'u32' },
    shader: () => shader,
    variants: [{}],
    ...changes,
  });
  const x = '@group(0) @binding(1) var<storage, read> x: array<vec4f>;';
  const y = '@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;';
  const main = '@compute @workgroup_size(64) fn main() { y[params.count] = x[0]; }';

  it('accepts a sound kernel', () => {
    expect(interfaceViolations(broken(`${x}\n${y}\n${main}`), {})).toEqual([]);
    expect(unusedParams(broken(`${x}\n${y}\n${main}`))).toEqual([]);
  });
  it.each([
    ['swapped bindings', `${x.replace('(1)', '(2)')}\n${y.replace('(2)', '(1)')}\n${main}`],
    ['another name', `${x.replace('x:', 'input:')}\n${y}\n${main.replace('x[', 'input[')}`],
    ['a writable input', `${x.replace('read>', 'read_write>')}\n${y}\n${main}`],
    ['a missing binding', `${y}\n${main.replace('x[0]', 'vec4f()')}`],
    ['another entry point', `${x}\n${y}\n${main.replace('main', 'start')}`],
    ['narrow elements', `${x.replace('vec4f', 'vec2f')}\n${y}\n${main}`],
  ])('%s', (_what, shader) => expect(interfaceViolations(broken(shader), {})).toHaveLength(1));
  it('a param that nothing uses', () => {
    expect(unusedParams(broken(`${x}\n${y}\n${main}`, { params: { count: 'u32', stride: 'u32' } }))).toEqual([
      'stride',
    ]);
  });
});
