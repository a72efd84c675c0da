// The weights that a style run needs.
import type { ConventionName, LoadedWeights } from '../../../src/nets/manifest.js';
import { vggPrefix } from '../../../src/nets/vgg.js';
import {
  activeTaps,
  type PartialStyleOptions,
  resolveOptions,
  type StyleOptions,
} from '../../../src/style/options.js';
import { findWeights, loadManifest } from '../weights.js';

/** Which net, and which file of it. */
export interface NetChoice {
  readonly net: string;
  readonly weights?: string | undefined;
  readonly inputConvention?: ConventionName | undefined;
}

/** Weights that reach the deepest layer of the run, `resumed` where it goes on. Errors as `findWeights`. */
export async function weightsFor(
  { net, weights, inputConvention }: NetChoice,
  options: PartialStyleOptions,
  resumed?: StyleOptions,
): Promise<LoadedWeights> {
  const manifest = await loadManifest(net, 'style');
  // The layers do not depend on the convention, which only the file tells.
  const o = resumed ?? resolveOptions(options, { manifest, convention: manifest.input });
  const through = vggPrefix(net, activeTaps(o)).findLast(({ kind }) => kind === 'conv')!.name;
  return findWeights(net, {
    through,
    ...(weights ? { weights } : {}),
    ...(inputConvention ? { inputConvention } : {}),
  });
}
