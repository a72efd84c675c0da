// The inner axis of an implicit matrix product: pairs of a tap of the window and a block of four input channels.

/**
 * WGSL of the way on from a place on that axis (a `Tap` of windowLoads), channel blocks fastest. Counters, since a division by
 * a number known at run time costs a GPU as much as twenty multiply-adds.
 */
export function tapWalk(): string {
  return `fn advance(start: Tap, by: u32) -> Tap {
  var tap = start;
  tap.c4 += by;
  while (tap.c4 >= params.C4) {
    tap.c4 -= params.C4;
    tap.s++;
    if (tap.s == params.S) {
      tap.s = 0u;
      tap.r++;
    }
  }
  return tap;
}`;
}

/**
 * WGSL of a place on that axis, and of the window of output pixel `at` of all pictures (counted n, p, q): `origin_of` says where it begins, and
 * `pixel_at` where its pixel under a tap lies. With `inside` the border of zeros covers every origin.
 */
export function windowLoads(halo: number, inside: boolean): string {
  return `struct Tap { c4: u32, r: u32, s: u32 }
struct Origin { plane: u32, y: i32, x: i32 }

fn origin_of(at: u32) -> Origin {
  let area = params.P * params.Q;
  let p = at % area / params.Q;
  let q = at % params.Q;
  return Origin(
    at / area * params.C4,
    i32(p * params.stride) - i32(params.pad),
    i32(q * params.stride) - i32(params.pad),
  );
}

fn row_at(origin: Origin, tap: Tap) -> u32 {
  let y = origin.y + i32(tap.r);
  let plane = (origin.plane + tap.c4) * (params.H + ${2 * halo}u);
${
  inside
    ? `  return (plane + u32(y + ${halo})) * (params.W + ${2 * halo}u);`
    : `  // Whatever lies outside the picture is the zero of its border.
  return (plane + u32(clamp(y, -1, i32(params.H)) + ${halo})) * (params.W + ${2 * halo}u);`
}
}

fn column_at(origin: Origin, tap: Tap) -> u32 {
  let x = origin.x + i32(tap.s);
${inside ? `  return u32(x + ${halo});` : `  return u32(clamp(x, -1, i32(params.W)) + ${halo});`}
}

fn pixel_at(origin: Origin, tap: Tap) -> u32 {
  return row_at(origin, tap) + column_at(origin, tap);
}`;
}

/** WGSL of `output_at`: where channel block `k` of output pixel `at` of all pictures lies. */
export function outputPlace(halo: number): string {
  return `fn output_at(at: u32, k: u32) -> u32 {
  let area = params.P * params.Q;
  let row = (at / area * params.K4 + k) * (params.P + ${2 * halo}u) + at % area / params.Q + ${halo}u;
  return row * (params.Q + ${2 * halo}u) + at % params.Q + ${halo}u;
}`;
}
