// What a picture to be made is, as it comes over the network and as it is kept with its job.
import { z } from 'zod';
import { VGG_NETS } from '../../src/nets/vgg.js';
import { type PartialStyleOptions, PRESET_NAMES } from '../../src/style/options.js';

const weight = z.number().min(0).max(1e12);
const layers = z.record(z.string().max(20), weight).refine((value) => Object.keys(value).length <= 40, {
  message: 'names at most 40 layers',
});

/** Options of a run that a client may give: those of `facet stylize`, without files. */
export const styleFields = {
  preset: z.enum(PRESET_NAMES as [string, ...string[]]).optional(),
  size: z.int().min(16).max(16384).optional().describe('long side of the result in pixels'),
  firstSize: z.int().min(16).max(16384).optional().describe('long side of the first scale'),
  iterations: z.int().min(1).max(1_000_000).optional().describe('steps over all scales'),
  optimizer: z.enum(['adam', 'lbfgs']).optional(),
  learningRate: z.number().min(1e-6).max(100).optional(),
  averageDecay: z.number().min(0).max(0.9999).optional(),
  contentWeight: weight.optional(),
  styleWeight: weight.optional(),
  tvWeight: weight.optional(),
  tvForm: z.enum(['l1', 'l2']).optional(),
  contentLayers: layers.optional().describe('weight by layer'),
  styleLayers: layers.optional().describe('weight by layer'),
  styleLoss: z.enum(['gram', 'w2']).optional(),
  normalization: z.enum(['paper', 'mean', 'relative']).optional(),
  styleScale: z.number().min(0.05).max(10).optional(),
  init: z.enum(['content', 'noise', 'style']).optional(),
  initNoise: z.number().min(0).max(1).optional(),
  pooling: z.enum(['max', 'average']).optional(),
  padding: z.enum(['zero', 'replicate']).optional(),
  color: z.enum(['style', 'keep', 'match-histogram', 'match-moments']).optional(),
  seed: z.int().min(0).max(0xffffffff).optional(),
};

/** The field `options` of a request. */
export const styleRequest = z
  .strictObject({
    ...styleFields,
    net: z.enum(VGG_NETS as [string, ...string[]]).default('vgg19-slim'),
    styleWeights: z
      .array(z.number().positive().max(1e6))
      .max(8)
      .optional()
      .describe('share of each style, in the order of the pictures'),
  })
  .meta({ id: 'StyleOptions', description: 'What is not given comes from the preset and the net.' });

/** A picture to be made, as its job keeps it. */
export const styleSpec = z.strictObject({
  kind: z.literal('stylize'),
  net: z.string(),
  options: z.strictObject(styleFields),
  /** One for each style picture. */
  styleWeights: z.array(z.number()),
  precision: z.enum(['f32', 'mixed']),
});
export type StyleSpec = z.infer<typeof styleSpec>;

/** The options as `stylize` takes them. */
export function optionsOf(spec: Pick<StyleSpec, 'options'>): PartialStyleOptions {
  return spec.options as PartialStyleOptions;
}
