// What a kernel variant's WGSL declares, held against what its spec says.
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';
import type { KernelSpec, Variant } from '../../src/gpu/kernel.js';
import { shaderCode } from '../../src/gpu/pipelines.js';

/** Lines on everything in which the WGSL of one variant differs from the spec; empty where they agree. */
export function interfaceViolations(kernel: KernelSpec, variant: Variant): string[] {
  const where = `${kernel.name} ${JSON.stringify(variant)}`;
  const reflected = new WgslReflect(declarationsOf(shaderCode(kernel, variant)));
  const found: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown) => {
    const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
    if (a !== e) found.push(`${where}: ${what} must be ${e}, is ${a}`);
  };
  const [uniform] = reflected.uniforms;
  expect('number of uniforms', reflected.uniforms.length, 1);
  expect('uniform', [uniform?.name, uniform?.group, uniform?.binding], ['params', 0, 0]);
  expect(
    'storage buffers',
    reflected.storage
      .map(({ name, group, binding, access, type }) => ({
        name,
        group,
        binding,
        access: type.name === 'texture_storage_2d' ? 'texture' : access,
      }))
      .sort((a, b) => a.binding - b.binding),
    Object.entries(kernel.bindings(variant)).map(([name, access], i) => ({
      name,
      group: 0,
      binding: i + 1,
      access,
    })),
  );
  for (const { name, type, access } of reflected.storage) {
    if (type.name === 'texture_storage_2d') {
      const format = 'format' in type ? (type.format as { name: string } | null)?.name : undefined;
      expect(`format and access of ${name}`, [format, access], ['rgba32float', 'read']);
      continue;
    }
    const element = 'format' in type ? (type.format as { name: string } | null)?.name : undefined;
    if (type.name !== 'array' || !/^(?:vec4f|vec4|f32|u32)$/.test(element ?? '')) {
      found.push(
        `${where}: ${name} must be an array<vec4f>, array<f32> or array<u32>, is ${type.name}<${element}>`,
      );
    }
  }
  expect('textures and samplers', reflected.textures.length + reflected.samplers.length, 0);
  expect(
    'entry points',
    reflected.entry.compute.map(({ name }) => name),
    ['main'],
  );
  return found;
}

/**
 * WGSL with every function's body left out. wgsl_reflect reads `a < b || c > d` as a template and fails; the bodies
 * are Dawn's to check, the declarations are all that is compared here.
 */
function declarationsOf(code: string): string {
  let declarations = '';
  for (let at = 0; ; ) {
    const head = /\bfn\s+\w+\s*\([^{]*\{/g;
    head.lastIndex = at;
    const found = head.exec(code);
    if (!found) return declarations + code.slice(at);
    declarations += `${code.slice(at, head.lastIndex)}}`;
    let end = head.lastIndex;
    for (let depth = 1; depth > 0 && end < code.length; end++) {
      depth += Number(code[end] === '{') - Number(code[end] === '}');
    }
    at = end;
  }
}

/** Params that no variant's own text uses. */
export function unusedParams(kernel: KernelSpec): string[] {
  const texts = kernel.variants.map((variant) => kernel.shader(variant));
  return Object.keys(kernel.params).filter(
    (name) => !texts.some((text) => new RegExp(`\\bparams\\.${name}\\b`).test(text)),
  );
}
