// Winograd's minimal filtering F(m x m, 3x3) as matrices (Lavin and Gray, "Fast Algorithms for Convolutional Neural
// Networks", 2015): an m x m block of outputs is AT ((G g GT) . (BT d B)) A, for a filter g and the (m+2) x (m+2)
// inputs d around the block.

export type Matrix = readonly (readonly number[])[];

/** Outputs per tile and side. */
export type WinogradTile = 2 | 4;

export interface WinogradMatrices {
  /** (m+2) x (m+2), of the input. */
  readonly BT: Matrix;
  /** (m+2) x 3, of the filter. */
  readonly G: Matrix;
  /** m x (m+2), of the output. */
  readonly AT: Matrix;
}

/** By m. The points of interpolation are 0, 1, -1 and infinity, for m = 4 also 2 and -2. */
export const WINOGRAD: Readonly<Record<WinogradTile, WinogradMatrices>> = {
  2: {
    BT: [
      [1, 0, -1, 0],
      [0, 1, 1, 0],
      [0, -1, 1, 0],
      [0, 1, 0, -1],
    ],
    G: [
      [1, 0, 0],
      [1 / 2, 1 / 2, 1 / 2],
      [1 / 2, -1 / 2, 1 / 2],
      [0, 0, 1],
    ],
    AT: [
      [1, 1, 1, 0],
      [0, 1, -1, -1],
    ],
  },
  4: {
    BT: [
      [4, 0, -5, 0, 1, 0],
      [0, -4, -4, 1, 1, 0],
      [0, 4, -4, -1, 1, 0],
      [0, -2, -1, 2, 1, 0],
      [0, 2, -1, -2, 1, 0],
      [0, 4, 0, -5, 0, 1],
    ],
    G: [
      [1 / 4, 0, 0],
      [-1 / 6, -1 / 6, -1 / 6],
      [-1 / 6, 1 / 6, -1 / 6],
      [1 / 24, 1 / 12, 1 / 6],
      [1 / 24, -1 / 12, 1 / 6],
      [0, 0, 1],
    ],
    AT: [
      [1, 1, 1, 1, 1, 0],
      [0, 1, -1, 2, -2, 0],
      [0, 1, 1, 4, 4, 0],
      [0, 1, -1, 8, -8, 1],
    ],
  },
};
