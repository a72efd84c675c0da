/**
 * WGSL that sets `row` and `column` to block number `block` of the upper triangle of width x width blocks,
 * counted row by row: row r has width - r blocks.
 */
export function upperTriangle(): string {
  return `var row = 0u;
  var column = block;
  while (column >= width - row) {
    column -= width - row;
    row++;
  }
  column += row;`;
}

/** WGSL that sets `row` and `column` to block number `block` of a grid of `width` columns. */
export function fullGrid(): string {
  return `let row = block / width;
  let column = block % width;`;
}
