// A Voronoi diagram that is asked at every sample: nearest site and exact distance to the cell's edge.

export interface PaneHit {
  /** Index of the nearest site. */
  nearest: number;
  /** Distance to the nearest edge of its cell. */
  edge: number;
  /** Unit direction from that edge into the cell. */
  nx: number;
  ny: number;
}

/** Tiles along the unit; a tile keeps the few sites that can matter inside it. */
const TILES = 32;

export class Panes {
  private readonly columns: number;
  private readonly rows: number;
  private readonly candidates: Int32Array[] = [];
  private readonly hit: PaneHit = { nearest: 0, edge: 0, nx: 0, ny: 0 };

  constructor(
    private readonly sites: readonly { readonly x: number; readonly y: number }[],
    right: number,
    bottom: number,
  ) {
    // One tile more on each side: samples are asked for a little outside too.
    this.columns = Math.ceil(right * TILES) + 2;
    this.rows = Math.ceil(bottom * TILES) + 2;
    for (let row = 0; row < this.rows; row++) {
      for (let column = 0; column < this.columns; column++) {
        this.candidates.push(this.near((column - 0.5) / TILES, (row - 0.5) / TILES));
      }
    }
  }

  /**
   * A point p of a cell of site s has its nearest edge within |p - s|, so the site across lies within 3 |p - s|
   * of p; both are measured from the tile's centre.
   */
  private near(x: number, y: number): Int32Array {
    const distances = this.sites.map((site) => Math.hypot(site.x - x, site.y - y));
    const reach = 3 * Math.min(...distances) + (4 * Math.SQRT1_2) / TILES;
    return Int32Array.from(distances.keys()).filter((i) => distances[i]! <= reach);
  }

  /** Nearest site and edge at (x, y). The object is reused by the next call. */
  at(x: number, y: number): PaneHit {
    const column = Math.min(this.columns - 1, Math.max(0, Math.floor(x * TILES) + 1));
    const row = Math.min(this.rows - 1, Math.max(0, Math.floor(y * TILES) + 1));
    const candidates = this.candidates[row * this.columns + column]!;
    const { hit, sites } = this;
    let least = Number.POSITIVE_INFINITY;
    for (const i of candidates) {
      const distance2 = (sites[i]!.x - x) ** 2 + (sites[i]!.y - y) ** 2;
      if (distance2 >= least) continue;
      least = distance2;
      hit.nearest = i;
    }
    const own = sites[hit.nearest]!;
    hit.edge = Number.POSITIVE_INFINITY;
    for (const i of candidates) {
      if (i === hit.nearest) continue;
      const dx = own.x - sites[i]!.x;
      const dy = own.y - sites[i]!.y;
      const apart = Math.hypot(dx, dy);
      const toEdge = ((x - (own.x + sites[i]!.x) / 2) * dx + (y - (own.y + sites[i]!.y) / 2) * dy) / apart;
      if (toEdge >= hit.edge) continue;
      hit.edge = toEdge;
      hit.nx = dx / apart;
      hit.ny = dy / apart;
    }
    return hit;
  }
}
