// Sums over the threads of a workgroup, in an order that is always the same.

/**
 * WGSL that adds what `threads` (a power of two) threads hold, pairwise: `add(lane, other)` adds what thread `other` holds
 * to what `lane` holds, both in workgroup memory and written before. The sum ends with thread 0, and all may read it.
 */
export function treeSum(threads: number, add: (lane: string, other: string) => string): string {
  return `workgroupBarrier();
  for (var half = ${threads / 2}u; half > 0u; half /= 2u) {
    if (local_id.x < half) {
      ${add('local_id.x', 'local_id.x + half')}
    }
    workgroupBarrier();
  }`;
}
