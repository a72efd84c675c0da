/** `body(0) … body(count-1)` joined: WGSL has no loop that unrolls for certain, and registers need constant names. */
export function unroll(count: number, body: (i: number) => string, separator = '\n      '): string {
  return Array.from({ length: count }, (_, i) => body(i)).join(separator);
}
