// Tensor names of weights files; of VGG's, translated to the papers' layer names.
//
// - layer names, as Caffe's models and Facet's own files have them: `conv1_1.weight`, `conv1_1.bias`;
// - torchvision and timm: `features.N.weight`, N the position in torchvision's `nn.Sequential`, in which each
//   convolution and each ReLU counts one and so does the pooling after each block.
import { WeightsError } from '../base/errors.js';

/** How a file names its tensors: by layer (`conv1_1.weight`) or by position (`features.0.weight`). */
export type Naming = 'layers' | 'features';

/** What `mapNames` found; all lists in the order of the net or of the file. */
export interface NameMap {
  readonly naming: Naming;
  /** Paper name -> name in the file, for each tensor of the net that the file has. */
  readonly found: Map<string, string>;
  /** Paper names that the file lacks. */
  readonly missing: string[];
  /** The file's classifier tensors, which no style net uses. */
  readonly ignored: string[];
  /** Whatever else the file has. */
  readonly superfluous: string[];
}

/** Wrappers that training code puts before every name. */
const WRAPPERS = /^(?:(?:module|model)\.)+/;
/** torchvision's classifier, timm's, and Caffe's and Keras' fully connected layers. */
const CLASSIFIER = /^(?:classifier|pre_logits|head|fc\d*|predictions)(?:[._]|$)/;
const LAYER = /^conv(\d+)_(\d+)\.(weight|bias)$/;

/**
 * Finds the tensors of a VGG net, given as paper names (`conv1_1.weight`, `conv1_1.bias`, ... in order), among
 * a file's tensor names. Throws WeightsError where the file is no VGG at all, or a batch-normalised one.
 */
export function mapNames(paperNames: readonly string[], fileNames: Iterable<string>, where: string): NameMap {
  const byBareName = new Map<string, string>();
  for (const name of fileNames) {
    const bare = name.replace(WRAPPERS, '');
    const other = byBareName.get(bare);
    if (other !== undefined)
      throw new WeightsError(`${where}: tensors ${other} and ${name} are both ${bare}`);
    byBareName.set(bare, name);
  }
  const normalised = [...byBareName.keys()].find((name) => /^features\.\d+\.running_mean$/.test(name));
  if (normalised) {
    throw new WeightsError(
      `${where}: has ${normalised}: a batch-normalised VGG (_bn), the nets here are the plain ones`,
    );
  }
  const naming = [...byBareName.keys()].some((name) => /^features\.\d+\./.test(name)) ? 'features' : 'layers';
  const expected = naming === 'features' ? featureNames(paperNames) : paperNames;

  const found = new Map<string, string>();
  const missing: string[] = [];
  for (const [i, paperName] of paperNames.entries()) {
    const name = byBareName.get(expected[i]!);
    if (name === undefined) missing.push(paperName);
    else found.set(paperName, name);
    byBareName.delete(expected[i]!);
  }
  if (found.size === 0) {
    const first = [...byBareName.values()].slice(0, 3).join(', ') || 'none';
    throw new WeightsError(
      `${where}: no tensor is named as in a VGG (conv1_1.weight or features.0.weight); its first names: ${first}`,
    );
  }
  const ignored = [...byBareName].filter(([bare]) => CLASSIFIER.test(bare)).map(([, name]) => name);
  const superfluous = [...byBareName].filter(([bare]) => !CLASSIFIER.test(bare)).map(([, name]) => name);
  return { naming, found, missing, ignored, superfluous };
}

/** Finds the tensors of a face net by their own names; counters of batches and the like are superfluous. */
export function exactNames(ownNames: readonly string[], fileNames: Iterable<string>): NameMap {
  const inFile = new Set(fileNames);
  const own = new Set(ownNames);
  return {
    naming: 'layers',
    found: new Map(ownNames.filter((name) => inFile.has(name)).map((name) => [name, name])),
    missing: ownNames.filter((name) => !inFile.has(name)),
    ignored: [],
    superfluous: [...inFile].filter((name) => !own.has(name)),
  };
}

/** The torchvision names of tensors given by paper names in order: conv2_1.weight -> features.5.weight. */
export function featureNames(paperNames: readonly string[]): string[] {
  let position = -2;
  let previous = { layer: '', block: '1' };
  return paperNames.map((name) => {
    const match = LAYER.exec(name);
    if (!match)
      throw new WeightsError(`${name}: a VGG layer's tensor is named convB_I.weight or convB_I.bias`);
    const [, block, index, kind] = match as unknown as [string, string, string, string];
    const layer = `${block}_${index}`;
    if (layer !== previous.layer) {
      // One step for the convolution, one for its ReLU, a third for the pooling between two blocks.
      position += block === previous.block ? 2 : 3;
      previous = { layer, block };
    }
    return `features.${position}.${kind}`;
  });
}
