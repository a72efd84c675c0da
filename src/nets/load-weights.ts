// From the bytes of a weights file to a net's tensors: names translated, shapes and values checked.
import { WeightsError } from '../base/errors.js';
import { formatShape, sameShape } from '../base/shape.js';
import {
  type ConventionName,
  detectConvention,
  type LoadedWeights,
  type WeightsManifest,
  type WeightTensor,
} from './manifest.js';
import { parseSafetensors, type StoredTensor, tensorValues } from './safetensors.js';
import { exactNames, mapNames, type NameMap } from './weight-names.js';

/** A weights file in memory and what is to be made of it. */
export interface WeightsFile<M extends WeightsManifest = WeightsManifest> {
  readonly bytes: Uint8Array;
  /** Of `bytes`, hexadecimal: hashing is the platform's. */
  readonly sha256: string;
  /** Path or URL, for messages. */
  readonly source: string;
  readonly manifest: M;
  /** The user's word on the input convention, where the file does not state its own. */
  readonly inputConvention?: ConventionName;
  /** The deepest layer that is needed, say `conv5_1`; without it any prefix of the net will do. */
  readonly through?: string;
}

/**
 * Reads, names and checks a weights file. Throws WeightsError naming the first tensor that is missing, has
 * another shape than the manifest says, or holds a value that is not finite.
 */
export function loadWeights<M extends WeightsManifest>(file: WeightsFile<M>): LoadedWeights<M> {
  const { source, sha256, manifest } = file;
  const { metadata, tensors: stored } = parseSafetensors(file.bytes, source);
  const names = matchTensors(stored, manifest, source);
  checkDepth(names, manifest, file.through, source);
  const convention = detectConvention(
    { metadata, naming: names.naming, sha256, manifest, option: file.inputConvention },
    source,
  );
  const tensors = new Map<string, WeightTensor>();
  for (const [name, fileName] of names.found) {
    const tensor = stored.get(fileName)!;
    const values = tensorValues(tensor, `${source}: tensor ${fileName}`);
    const wrong = values.findIndex((value) => !Number.isFinite(value));
    if (wrong >= 0) {
      throw new WeightsError(
        `${source}: tensor ${fileName}: every value must be finite, value ${wrong} is ${values[wrong]}`,
      );
    }
    tensors.set(name, { shape: tensor.shape, values });
  }
  return { net: manifest.net, tensors, convention, source, sha256, manifest };
}

/**
 * Translates a file's tensor names for a net and compares shapes, without touching a value: a header is
 * enough. The tensors must be a prefix of a style net's list, and all of a face net's. Throws WeightsError with the first
 * mismatch.
 */
export function matchTensors(
  stored: ReadonlyMap<string, Pick<StoredTensor, 'shape'>>,
  manifest: WeightsManifest,
  where: string,
): NameMap {
  const expected = manifest.tensors;
  const own = expected.map(({ name }) => name);
  const names =
    manifest.task === 'face' ? exactNames(own, stored.keys()) : mapNames(own, stored.keys(), where);
  for (const { name, shape } of expected) {
    const fileName = names.found.get(name);
    const actual = fileName === undefined ? shape : stored.get(fileName)!.shape;
    if (!sameShape(actual, shape)) {
      const renamed = fileName === name ? name : `${fileName} (${name})`;
      throw new WeightsError(
        `${where}: tensor ${renamed} must be ${formatShape(shape)} for ${manifest.net}, is ${formatShape(actual)}`,
      );
    }
  }
  if (manifest.task === 'face') {
    const [missing] = names.missing;
    if (missing === undefined) return names;
    throw new WeightsError(`${where}: tensor ${missing} of ${manifest.net} is missing`);
  }
  const foreign = names.superfluous.find((name) => /(?:^|\.)(?:conv\d+_\d+|features\.\d+)\./.test(name));
  if (foreign !== undefined) {
    throw new WeightsError(`${where}: tensor ${foreign} is of a layer that ${manifest.net} does not have`);
  }
  // A gap: something is missing although a deeper tensor is there.
  const gap = expected.findIndex(({ name }, i) => !names.found.has(name) && i < names.found.size);
  if (gap >= 0) {
    throw new WeightsError(
      `${where}: tensor ${expected[gap]!.name} ${formatShape(expected[gap]!.shape)} of ${manifest.net} is missing`,
    );
  }
  const last = [...names.found.keys()].at(-1)!;
  if (names.missing[0]?.startsWith(`${layerOf(last)}.`)) {
    throw new WeightsError(`${where}: tensor ${names.missing[0]} of ${manifest.net} is missing`);
  }
  return names;
}

/** The manifest's tensor names up to and including `layer`. Throws WeightsError where the net has no such layer. */
export function namesThrough(manifest: WeightsManifest, layer: string): string[] {
  const names = manifest.tensors.map(({ name }) => name);
  const last = names.findLastIndex((name) => layerOf(name) === layer);
  if (last < 0) {
    const layers = [...new Set(names.map(layerOf))];
    throw new WeightsError(`${manifest.net} has no layer ${layer}; it has ${layers.join(' ')}`);
  }
  return names.slice(0, last + 1);
}

/** The layer that a tensor belongs to: `conv1_1` of `conv1_1.weight`. */
export function layerOf(tensorName: string): string {
  return tensorName.slice(0, tensorName.lastIndexOf('.'));
}

function checkDepth(
  names: NameMap,
  manifest: WeightsManifest,
  through: string | undefined,
  where: string,
): void {
  if (through === undefined) return;
  const lacking = namesThrough(manifest, through).find((name) => !names.found.has(name));
  if (lacking === undefined) return;
  const deepest = layerOf([...names.found.keys()].at(-1)!);
  throw new WeightsError(
    `${where}: holds ${manifest.net} through ${deepest}, ${through} is needed; ` +
      `try: facet weights get ${manifest.net} --layers ${through} --force`,
  );
}
