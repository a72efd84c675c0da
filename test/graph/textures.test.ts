import { describe, expect, it } from 'vitest';
import { TEXTURE_WIDTH } from '../../src/base/layout.js';
import { type Tensor, tensor } from '../../src/base/tensor.js';
import { type Access, type Dispatch, dispatch, PLAIN_TARGET } from '../../src/gpu/kernel.js';
import { fitsTexture, textureBytes } from '../../src/gpu/texture.js';
import { readAsTextures } from '../../src/graph/constants.js';
import { planMemory } from '../../src/graph/liveness.js';
import { planTextures } from '../../src/graph/textures.js';

/** A dispatch that binds tensors as said. */
function step(bindings: Record<string, readonly [Access, Tensor]>): Dispatch<Tensor> {
  const access = Object.fromEntries(Object.entries(bindings).map(([name, [as]]) => [name, as]));
  const buffers = Object.fromEntries(Object.entries(bindings).map(([name, [, t]]) => [name, t]));
  const kernel = { name: 'paper', bindings: () => access, params: {}, shader: () => '', variants: [{}] };
  return dispatch(kernel, {}, 'paper', buffers, {}, [1, 1, 1]);
}

const flat = (name: string, rows: number) => tensor(name, [rows * TEXTURE_WIDTH * 4]);
const image = tensor('image', [64], { lifetime: 'pinned' });

describe('planTextures', () => {
  it('copies once for all readers until the tensor is written again', () => {
    const [a, b] = [flat('a', 1), flat('b', 1)];
    const { copies } = planTextures(
      [
        step({ y: ['read_write', a] }),
        step({ x: ['texture', a], y: ['read_write', b] }),
        step({ x: ['texture', a], w: ['read', b], y: ['read_write', image] }),
        step({ y: ['read_write', a] }),
        step({ x: ['texture', a], y: ['read_write', image] }),
      ],
      { reuse: true },
    );
    expect(copies.map(({ tensor: t, before, last }) => [t.name, before, last])).toEqual([
      ['a', 1, 2],
      ['a', 4, 4],
    ]);
  });

  it('shares a texture between copies that do not overlap, grown to the larger one', () => {
    const [small, large, both] = [flat('small', 1), flat('large', 3), flat('both', 2)];
    const list = [
      step({ y: ['read_write', small] }),
      step({ x: ['texture', small], y: ['read_write', large] }),
      step({ x: ['texture', large], y: ['read_write', both] }),
      step({ x: ['texture', large], w: ['texture', both], y: ['read_write', image] }),
    ];
    const { slots, copies } = planTextures(list, { reuse: true });
    expect(copies.map(({ slot }) => slot)).toEqual([0, 0, 1]);
    expect(slots).toEqual([
      { index: 0, rows: 3, tensors: ['small', 'large'] },
      { index: 1, rows: 2, tensors: ['both'] },
    ]);
    expect(planTextures(list, { reuse: false }).slots.map(({ rows }) => rows)).toEqual([1, 3, 2]);
    expect(planMemory(list).textureBytes).toBe(5 * TEXTURE_WIDTH * 16);
    expect(textureBytes(5)).toBe(5 * TEXTURE_WIDTH * 16);
  });

  it('copies nothing that the store holds as a texture, but what it has yet to move there', () => {
    const held = tensor('held', [64], { lifetime: 'pinned', texture: true });
    const read = step({ x: ['texture', held], y: ['read_write', flat('y', 1)] });
    expect(planTextures([read], { reuse: true }).copies).toEqual([]);
    const made = step({ y: ['read_write', held] });
    expect(planTextures([made, read], { reuse: true }).copies).toHaveLength(1);
    expect(planMemory([read]).pinned).toEqual([{ name: 'held', bytes: textureBytes(1) }]);
  });

  it('copies what another program or the store may have written, every run', () => {
    const { copies } = planTextures([step({ x: ['texture', image], y: ['read_write', flat('y', 1)] })], {
      reuse: true,
    });
    expect(copies).toHaveLength(1);
    expect(copies[0]).toMatchObject({ before: 0, last: 0 });
  });
});

it('a tensor fits into a texture of the adapter, or not', () => {
  const target = { ...PLAIN_TARGET, maxTextureSize: TEXTURE_WIDTH };
  expect(fitsTexture(target, TEXTURE_WIDTH ** 2)).toBe(true);
  expect(fitsTexture(target, TEXTURE_WIDTH ** 2 + 1)).toBe(false);
  expect(fitsTexture({ ...target, maxTextureSize: TEXTURE_WIDTH - 1 }, 1)).toBe(false);
});

describe('readAsTextures', () => {
  it('is what no dispatch reads from a buffer and nobody keeps', () => {
    const [a, b, c] = [flat('a', 1), flat('b', 1), flat('c', 1)];
    const list = [
      step({ y: ['read_write', a] }),
      step({ x: ['texture', a], y: ['read_write', b] }),
      step({ x: ['texture', a], w: ['texture', b], y: ['read_write', c] }),
      step({ x: ['read', b], w: ['texture', c], y: ['read_write', image] }),
    ];
    expect([...readAsTextures(list)]).toEqual([a, c]);
    expect([...readAsTextures(list, [c])]).toEqual([a]);
  });
});
