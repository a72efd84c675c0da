// The last step of a gradient's kernel: what is added to a value and where it is let through, before it is stored.

export type Finish = {
  /** Adds `earlier`, the gradients of the tensor's other readers. */
  add: boolean;
  /** Stores 0 where `mask`, the output of a rectifier, is not above 0. */
  mask: boolean;
};

/** WGSL that declares what `v` reads, at bindings from `first` on. */
export function finishOperands(v: Partial<Finish>, first: number): string {
  const names = [...(v.add ? ['earlier'] : []), ...(v.mask ? ['mask'] : [])];
  return names
    .map(
      (name, i) =>
        `@group(0) @binding(${first + i}) var<storage, read> ${name}: array<vec4f>; // as the result`,
    )
    .join('\n');
}

/** WGSL of what is stored at index `at` of the result, from the expression `value`. */
export function finished(v: Partial<Finish>, value: string, at: string): string {
  const sum = v.add ? `earlier[${at}] + (${value})` : value;
  return v.mask ? `select(vec4f(), ${sum}, mask[${at}] > vec4f())` : sum;
}
