// Where a face must lie before a net sees it: OpenFace's and dlib's templates and the maps onto them.
import { type Affine, affineFromThree, invertAffine, similarityFromPoints } from './affine.js';
import { assertLandmarks, type Point } from './landmarks.js';

/** A square chip and where some landmarks lie in it. */
export interface FaceTemplate {
  /** What a gallery is pinned to: the same name means the same chips. */
  readonly name: string;
  /** Side of the chip in pixels. */
  readonly size: number;
  readonly kind: 'affine' | 'similarity';
  /** Landmark numbers, and for each its place in the chip; (0, 0) is the centre of the first pixel. */
  readonly landmarks: readonly number[];
  readonly points: readonly Point[];
}

/**
 * OpenFace's outer eye corners and nose base at 96 px, for nn4.small2 (cmusatyalab/openface, align_dlib.py,
 * OUTER_EYES_AND_NOSE): an affine map, so the three landmarks land exactly.
 */
export const OPENFACE_TEMPLATE: FaceTemplate = {
  name: 'openface-outer-eyes-and-nose-96',
  size: 96,
  kind: 'affine',
  landmarks: [36, 45, 33],
  points: [
    { x: 18.6391, y: 16.2496 },
    { x: 75.7305, y: 15.1844 },
    { x: 47.5153, y: 49.3864 },
  ],
};

/** dlib's mean face in the unit square (dlib, get_face_chip_details), in the order of landmarks 36, 39, 42, 45, 33. */
const DLIB_MEAN_FACE: readonly Point[] = [
  { x: 0.1205750620789, y: 0.2137274526848 },
  { x: 0.3340850613712, y: 0.2290642403242 },
  { x: 0.6460604764104, y: 0.2289674387677 },
  { x: 0.8595674595992, y: 0.2134981538014 },
  { x: 0.4901123135679, y: 0.6277975316475 },
];

/**
 * dlib's chip for `resnet34`: the least-squares similarity onto five points at 150 px with padding 0.25. dlib maps the
 * centre of the chip's pixels, 74.5, onto the middle of its template, 75: in pixel centres the template is half a
 * pixel less.
 */
export const DLIB_TEMPLATE: FaceTemplate = dlibTemplate(150, 0.25);

function dlibTemplate(size: number, padding: number): FaceTemplate {
  const place = (v: number) => (size * (padding + v)) / (1 + 2 * padding) - 0.5;
  return {
    name: `dlib-five-points-${size}`,
    size,
    kind: 'similarity',
    landmarks: [36, 39, 42, 45, 33],
    points: DLIB_MEAN_FACE.map(({ x, y }) => ({ x: place(x), y: place(y) })),
  };
}

/** `template` with `margin` more pixels on each side, at the same scale: what is cut at random places for training. */
export function withMargin(template: FaceTemplate, margin: number): FaceTemplate {
  return {
    ...template,
    name: `${template.name}+${margin}`,
    size: template.size + 2 * margin,
    points: template.points.map(({ x, y }) => ({ x: x + margin, y: y + margin })),
  };
}

/** How a face's picture and its chip lie to each other; both maps in pixel centres. */
export interface Alignment {
  readonly template: FaceTemplate;
  readonly toChip: Affine;
  /** Chip to picture: what a warp needs, which asks for each pixel of the chip where to read. */
  readonly toPicture: Affine;
}

/** The maps between a picture and its chip; InputError when the landmarks are not a face or lie on a line. */
export function alignFace(landmarks: readonly Point[], template: FaceTemplate): Alignment {
  assertLandmarks('align', landmarks);
  const from = template.landmarks.map((i) => landmarks[i]!);
  const solve = template.kind === 'affine' ? affineFromThree : similarityFromPoints;
  const toChip = solve(from, template.points);
  return { template, toChip, toPicture: invertAffine(toChip) };
}
