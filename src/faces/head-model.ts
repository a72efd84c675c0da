// Rigid points of a mean head in three dimensions: what brows, jaw and lips do, they do not.
import { LANDMARK } from './landmarks.js';

export interface HeadPoint {
  /** Number among the 68 landmarks. */
  readonly landmark: number;
  /** In distances of the outer eye corners from the point midway between them. */
  readonly x: number;
  readonly y: number;
  /** Away from the camera: the nose has the least. */
  readonly z: number;
}

/**
 * Eye corners and nose by structure from motion (scaled orthography; Tomasi and Kanade, 1992, then least squares) from
 * the landmarks of 1,598 press photographs and their mirror images: test/fixtures/make-head-model.py. Residual 3.3 % of
 * the shape's norm. "Straight ahead" is the pose of the median photograph. At 89 mm between the outer eye corners
 * (an adult's mean) the tip of the nose stands 40 mm before them.
 */
export const HEAD_MODEL: readonly HeadPoint[] = [
  { landmark: LANDMARK.noseBridge, x: 0, y: 0.0275, z: -0.2371 },
  { landmark: 28, x: 0, y: 0.1796, z: -0.3272 },
  { landmark: 29, x: 0, y: 0.3205, z: -0.4258 },
  { landmark: LANDMARK.noseTip, x: 0, y: 0.4487, z: -0.4483 },
  { landmark: 31, x: -0.1406, y: 0.5286, z: -0.2282 },
  { landmark: 32, x: -0.0791, y: 0.5484, z: -0.2684 },
  { landmark: LANDMARK.noseBase, x: 0, y: 0.5665, z: -0.2856 },
  { landmark: 34, x: 0.0791, y: 0.5484, z: -0.2684 },
  { landmark: 35, x: 0.1406, y: 0.5286, z: -0.2282 },
  { landmark: LANDMARK.leftEyeOuter, x: -0.5, y: 0, z: 0 },
  { landmark: LANDMARK.leftEyeInner, x: -0.2217, y: 0.0157, z: -0.0598 },
  { landmark: LANDMARK.rightEyeInner, x: 0.2217, y: 0.0157, z: -0.0598 },
  { landmark: LANDMARK.rightEyeOuter, x: 0.5, y: 0, z: 0 },
];
