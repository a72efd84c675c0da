// What can be chosen about a run: the options of the command line, left out where the preset's default holds.
import type { Precision } from '../../../../src/gpu/kernel.js';
import type { PartialStyleOptions, StyleOptions } from '../../../../src/style/options.js';

export interface Settings {
  readonly options: PartialStyleOptions & { readonly preset: NonNullable<PartialStyleOptions['preset']> };
  readonly net: string;
  readonly precision: Precision;
}

/** A first picture in seconds on any adapter; larger ones grow out of it. */
const FIRST_SIZE = 256;
const FIRST_STEPS = 300;

export const FIRST_SETTINGS: Settings = {
  options: { preset: 'quality', size: FIRST_SIZE, iterations: FIRST_STEPS },
  net: 'vgg19-slim',
  precision: 'f32',
};

/** The options of a run that is there already, all of them said. */
export function settingsOf(
  { history, ...options }: StyleOptions,
  net: string,
  precision: Precision,
): Settings {
  const own = options.optimizer === 'lbfgs' ? { ...options, history } : options;
  return { options: { preset: 'quality', ...own }, net, precision };
}

/** `relu1_1:2, relu2_1` -> weights by layer; undefined for an empty text. NaN where a weight is no number. */
export function parseLayers(text: string): Record<string, number> | undefined {
  const words = text
    .split(',')
    .map((word) => word.trim())
    .filter(Boolean);
  if (words.length === 0) return undefined;
  return Object.fromEntries(
    words.map((word) => {
      const [layer, weight] = word.split(':');
      return [layer!.trim(), weight === undefined ? 1 : Number(weight)];
    }),
  );
}

/** The reverse of `parseLayers`. */
export function formatLayers(layers: Readonly<Record<string, number>> | undefined): string {
  return Object.entries(layers ?? {})
    .map(([layer, weight]) => (weight === 1 ? layer : `${layer}:${Number(weight.toPrecision(4))}`))
    .join(', ');
}
