import type { Load } from '../../shaders/operand.js';
import { geometryOf } from '../base/layout.js';
import type { Tensor } from '../base/tensor.js';
import type { Target } from '../gpu/kernel.js';
import { fitsTexture } from '../gpu/texture.js';

/** What a kernel should read a much read operand from: on a CPU rasteriser a texture, where it fits into one. */
export function loadOf(target: Target, t: Tensor): Load {
  return target.cpu && fitsTexture(target, geometryOf(t.shape, t.layout).vec4s) ? 'texture' : 'buffer';
}
