// The 68 facial landmarks of the iBUG 300-W scheme (Sagonas et al., ICCV Workshops 2013), which dlib and the landmark
// net number from 0: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67. "Left" is left in the picture.
import { InputError } from '../base/errors.js';

/** A place in a picture in pixels, x to the right and y down; (0, 0) is the centre of the top left pixel. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Number of landmarks of a face. */
export const LANDMARK_COUNT = 68;

/** Landmarks that other files name. */
export const LANDMARK = {
  noseBridge: 27,
  noseTip: 30,
  noseBase: 33,
  leftEyeOuter: 36,
  leftEyeInner: 39,
  rightEyeInner: 42,
  rightEyeOuter: 45,
} as const;

/** InputError unless there are 68 points with finite coordinates. */
export function assertLandmarks(where: string, landmarks: readonly Point[]): void {
  if (landmarks.length !== LANDMARK_COUNT) {
    throw new InputError(`${where}: a face has ${LANDMARK_COUNT} landmarks, got ${landmarks.length}`);
  }
  for (const [i, { x, y }] of landmarks.entries()) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      throw new InputError(`${where}: landmark ${i} must be finite, got (${x}, ${y})`);
    }
  }
}

/** Distance of the outer eye corners in pixels: the measure of a face's size that a smile does not change. */
export function eyeDistance(landmarks: readonly Point[]): number {
  const left = landmarks[LANDMARK.leftEyeOuter]!;
  const right = landmarks[LANDMARK.rightEyeOuter]!;
  return Math.hypot(right.x - left.x, right.y - left.y);
}
