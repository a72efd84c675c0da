// Random recipes for augmentation: seeded, each sample of each step with a stream of its own.
import { InputError } from '../base/errors.js';
import { hash32, uniform } from '../base/random.js';
import type { Recipe } from '../kernels/augment.js';

/** How far samples are varied; 0 leaves them as they are. */
export interface Variation {
  /** Whether the window lies anywhere in the crop, or in its middle. */
  readonly move: boolean;
  /** Shares of samples: mirrored, blurred, and with a hidden rectangle. */
  readonly mirror: number;
  readonly blur: number;
  readonly hide: number;
  /** Largest deviation in pixels of a blur. */
  readonly blurDeviation: number;
  /** Largest side of a hidden rectangle, as a share of the picture's. */
  readonly hideSide: number;
  /** Factors of brightness, contrast and saturation lie in 1 - v .. 1 + v. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

/** For faces: mild, since aligned faces of one net all look alike. */
export const FACE_VARIATION: Variation = {
  move: true,
  mirror: 0.5,
  blur: 0.15,
  hide: 0.5,
  blurDeviation: 1,
  hideSide: 0.4,
  brightness: 0.25,
  contrast: 0.25,
  saturation: 0.25,
};

/** Nothing but the window in the middle: for validation. */
export const NO_VARIATION: Variation = {
  move: false,
  mirror: 0,
  blur: 0,
  hide: 0,
  blurDeviation: 0,
  hideSide: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
};

/** Luma of sRGB values (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;
/** What contrast and hidden rectangles refer to. */
const GREY = 0.5;

/**
 * The recipe of sample `sample` under `seed` (of a step): a window of `height` x `width` in a picture of `from`. InputError
 * where the window is larger.
 */
export function drawRecipe(
  variation: Variation,
  from: { readonly height: number; readonly width: number },
  { height, width }: { readonly height: number; readonly width: number },
  seed: number,
  sample: number,
): Recipe {
  if (height > from.height || width > from.width) {
    throw new InputError(
      `augment: a window of ${height}x${width} does not fit into ${from.height}x${from.width}`,
    );
  }
  const stream = hash32(seed, sample);
  let drawn = 0;
  const next = () => uniform(stream, drawn++);
  const offset = (room: number) => (variation.move ? Math.floor(next() * (room + 1)) : Math.floor(room / 2));
  const factor = (spread: number) => 1 + spread * (2 * next() - 1);
  const top = offset(from.height - height);
  const left = offset(from.width - width);
  const mirrored = next() < variation.mirror;
  const colour = colours(
    factor(variation.brightness),
    factor(variation.contrast),
    factor(variation.saturation),
  );
  const blur = next() < variation.blur ? gaussian(variation.blurDeviation * next()) : ([0, 0] as const);
  const hides = next() < variation.hide;
  const [rows, columns] = [height, width].map((side) => {
    const extent = Math.round(side * variation.hideSide * next());
    const first = Math.floor(next() * (side - extent + 1));
    return hides ? ([first, first + extent] as const) : ([0, 0] as const);
  });
  return { top, left, mirrored, colour, blur, hidden: { rows: rows!, columns: columns!, grey: GREY } };
}

/**
 * Saturation, then brightness, then contrast as one matrix: v -> contrast (brightness (luma + saturation (v - luma)) -
 * grey) + grey.
 */
function colours(brightness: number, contrast: number, saturation: number): Recipe['colour'] {
  const gain = brightness * contrast;
  return [0, 1, 2].map((to) => {
    const weights = LUMA.map(
      (luma, channel) => gain * ((1 - saturation) * luma + (channel === to ? saturation : 0)),
    );
    return [weights[0]!, weights[1]!, weights[2]!, GREY * (1 - contrast)] as const;
  });
}

/** Weights one and two pixels away of a Gaussian that is cut off behind them. */
function gaussian(deviation: number): readonly [number, number] {
  if (deviation < 1e-3) return [0, 0];
  const [one, two] = [1, 2].map((d) => Math.exp(-(d * d) / (2 * deviation * deviation))) as [number, number];
  const whole = 1 + 2 * one + 2 * two;
  return [one / whole, two / whole];
}
