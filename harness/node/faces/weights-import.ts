// nn4.small2's weights into the cache, where the commands look for them.
import { basename } from 'node:path';
import { METADATA } from '../../../src/nets/manifest.js';
import { foldNn4Small2 } from '../../../src/nets/nn4-small2.js';
import { writeSafetensors } from '../../../src/nets/safetensors.js';
import { type OverwriteOptions, writeAtomically } from '../overwrite.js';
import { cachedPath } from '../weights.js';
import { makeFolder } from '../weights-store.js';
import { digestOf, findNn4 } from './models.js';

/** The name that weights of the face net are stored under. */
export const NN4_NET = 'nn4.small2';

export interface ImportedNn4 {
  readonly net: string;
  readonly path: string;
  readonly source: string;
  readonly bytes: number;
  /** As `digestOf`. */
  readonly weights: string;
}

/**
 * Checks a safetensors file or the course's folder of CSV files and stores it as safetensors at `to` (the cache).
 * InputError, WeightsError as `loadFaceModels`.
 */
export async function importNn4(
  path: string,
  { to = cachedPath(NN4_NET), ...write }: OverwriteOptions & { readonly to?: string | undefined } = {},
): Promise<ImportedNn4> {
  const { source, tensors } = await findNn4(path, {});
  // Names and shapes of every layer; what is folded here is thrown away.
  foldNn4Small2(tensors, source);
  const content = writeSafetensors(tensors, { [METADATA.net]: NN4_NET, [METADATA.source]: basename(source) });
  await makeFolder(to);
  await writeAtomically(to, content, write);
  return { net: NN4_NET, path: to, source, bytes: content.length, weights: digestOf(tensors) };
}
