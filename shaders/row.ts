// Kernels that treat a matrix row by row.

/**
 * WGSL that lets `row` be the row of this thread and `lane` its place among the `share` threads that share the row (0
 * where it owns the row alone), and ends threads past the last row; whole workgroups do so where rows are shared.
 */
export function rowOfThread({ share, workgroup }: { share: number; workgroup: number }): string {
  const group = 'workgroup_id.x + workgroup_id.y * params.stride';
  const [row, lane] = share > 1 ? [group, 'local_id.x'] : [`(${group}) * ${workgroup}u + local_id.x`, '0u'];
  return `let row = ${row};
  let lane = ${lane};
  if (row >= params.N) {
    return;
  }`;
}
