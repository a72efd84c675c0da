// CPU twin of gram.
import { type Arrays, abs, absAll, type NdArray, type ReferenceOp, zeros } from './array.js';

interface Attrs {
  readonly scale: number;
}

/** y[i,j] = scale * sum_p f[i,p] * f[j,p], rows of f being the channels of one picture. */
export function gramOf(f: NdArray, scale: number): NdArray {
  const [, c, h, w] = f.shape as unknown as [number, number, number, number];
  const pixels = h * w;
  const y = zeros([c, c]);
  for (let i = 0; i < c; i++)
    for (let j = 0; j < c; j++) {
      let sum = 0;
      for (let p = 0; p < pixels; p++) sum += f.data[i * pixels + p]! * f.data[j * pixels + p]!;
      y.data[i * c + j] = scale * sum;
    }
  return y;
}

/** df[i,p] = scale * sum_j (dy[i,j] + dy[j,i]) * f[j,p]. */
export function gramGradient(f: NdArray, dy: NdArray, scale: number): NdArray {
  const [, c, h, w] = f.shape as unknown as [number, number, number, number];
  const pixels = h * w;
  const df = zeros(f.shape);
  for (let i = 0; i < c; i++)
    for (let j = 0; j < c; j++) {
      const factor = scale * (dy.data[i * c + j]! + dy.data[j * c + i]!);
      for (let p = 0; p < pixels; p++) df.data[i * pixels + p]! += factor * f.data[j * pixels + p]!;
    }
  return df;
}

function magnitude(inputs: Arrays, attrs: Attrs): NdArray {
  return gramOf(absAll(inputs).x!, Math.abs(attrs.scale));
}

export const gramReference: ReferenceOp<Attrs> = {
  forward: ({ x }, { scale }) => gramOf(x!, scale),
  backward: { x: ({ x }, _y, dy, { scale }) => gramGradient(x!, dy, scale) },
  forwardBound: (inputs, attrs) => {
    const [, , h, w] = inputs.x!.shape as unknown as [number, number, number, number];
    return { magnitude: magnitude(inputs, attrs), terms: h * w + 1 };
  },
  backwardBound: {
    // Each product also carries the rounding of (dy + dy^T) and of the scale.
    x: ({ x }, _y, dy, { scale }) => ({
      magnitude: gramGradient(abs(x!), abs(dy), Math.abs(scale)),
      terms: x!.shape[1]! + 2,
    }),
  },
};
