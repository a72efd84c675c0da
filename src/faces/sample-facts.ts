// What a gallery keeps about the picture of a sample: how good it was, and where in it the face lies.
import type { Box } from './boxes.js';
import type { QualityFacts } from './gallery/types.js';
import type { FoundFace } from './read.js';

/** Quality and box of a face, rounded to what the measures are worth; lengths in pixels, angles in degrees. */
export function sampleFacts({ box, quality }: FoundFace): QualityFacts {
  const { pose } = quality;
  return {
    score: rounded(box.score, 4),
    boxX: rounded(box.x, 1),
    boxY: rounded(box.y, 1),
    boxWidth: rounded(box.width, 1),
    boxHeight: rounded(box.height, 1),
    eyeDistance: rounded(quality.eyeDistance, 1),
    sharpness: rounded(quality.sharpness, 1),
    brightness: rounded(quality.brightness, 3),
    contrast: rounded(quality.contrast, 3),
    yaw: rounded(pose.yaw, 1),
    pitch: rounded(pose.pitch, 1),
    roll: rounded(pose.roll, 1),
  };
}

/** The box that `sampleFacts` kept; undefined where there is none. */
export function boxOf({ boxX, boxY, boxWidth, boxHeight }: QualityFacts): Box | undefined {
  if (
    typeof boxX !== 'number' ||
    typeof boxY !== 'number' ||
    typeof boxWidth !== 'number' ||
    typeof boxHeight !== 'number'
  ) {
    return undefined;
  }
  return { x: boxX, y: boxY, width: boxWidth, height: boxHeight };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
