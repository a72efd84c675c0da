// Landmarks of a head whose pose is known.
import { uniform } from '../../src/base/random.js';
import { HEAD_MODEL } from '../../src/faces/head-model.js';
import type { Point } from '../../src/faces/landmarks.js';

export interface Placing {
  /** Degrees, signs as in Pose. */
  readonly yaw?: number;
  readonly pitch?: number;
  readonly roll?: number;
  /** Distance of the outer eye corners in pixels when seen from the front. */
  readonly scale?: number;
  readonly centre?: Point;
  /** Largest error of a coordinate in pixels, and where its stream of random numbers starts. */
  readonly noise?: number;
  readonly seed?: number;
  /** Distance of the camera in distances of the outer eye corners; absent: parallel rays. */
  readonly distance?: number;
}

/**
 * The 68 landmarks of the turned head model. Points that are not in the model lie on a circle about the centre: nothing
 * but the picture's edge asks for them.
 */
export function headLandmarks(placing: Placing = {}): Point[] {
  const {
    yaw = 0,
    pitch = 0,
    roll = 0,
    scale = 60,
    centre = { x: 100, y: 100 },
    noise = 0,
    seed = 1,
  } = placing;
  const [cy, sy] = turn(-yaw);
  const [cp, sp] = turn(-pitch);
  const [cr, sr] = turn(roll);
  const points: Point[] = Array.from({ length: 68 }, (_, i) => ({
    x: centre.x + 0.9 * scale * Math.cos(i),
    y: centre.y + 0.9 * scale * Math.sin(i),
  }));
  for (const { landmark, x, y, z } of HEAD_MODEL) {
    // About x, then y, then z.
    const [y1, z1] = [cp * y - sp * z, sp * y + cp * z];
    const [x2, z2] = [cy * x + sy * z1, -sy * x + cy * z1];
    const [x3, y3] = [cr * x2 - sr * y1, sr * x2 + cr * y1];
    const near = placing.distance === undefined ? 1 : placing.distance / (placing.distance + z2);
    const jitter = (axis: number) => noise * (2 * uniform(seed, 2 * landmark + axis) - 1);
    points[landmark] = {
      x: centre.x + scale * near * x3 + jitter(0),
      y: centre.y + scale * near * y3 + jitter(1),
    };
  }
  return points;
}

function turn(degrees: number): [cos: number, sin: number] {
  const angle = (degrees * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}
