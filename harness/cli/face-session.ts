// What the sub-commands of `facet face` do with models and lists of pictures.
import { InputError } from '../../src/base/errors.js';
import { type FaceModels, loadFaceModels } from '../node/faces/models.js';
import type { ListedPicture } from '../node/faces/picture-list.js';
import { type NetArguments, warn } from './face-options.js';

export { chipHash, FaceSession, noFace, type PictureFaces, withPipeline } from '../node/faces/session.js';

/** The nets that `args` name. */
export async function modelsOf(args: NetArguments): Promise<FaceModels> {
  return loadFaceModels(args);
}

/** What a list of pictures came to: the results, and one line for each picture that had none. */
export interface Outcome<T> {
  readonly results: readonly T[];
  readonly failures: readonly { readonly path: string; readonly message: string }[];
  /** Whether nothing came out, or a picture that was named itself failed. */
  readonly failed: boolean;
}

/** Runs `work` on each picture; one that cannot be used is told and passed over. */
export async function forPictures<T>(
  pictures: readonly ListedPicture[],
  work: (picture: ListedPicture) => Promise<T>,
): Promise<Outcome<T>> {
  const results: T[] = [];
  const failures: { path: string; message: string }[] = [];
  let failed = false;
  for (const picture of pictures) {
    try {
      results.push(await work(picture));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      warn(error.message);
      failures.push({ path: picture.path, message: error.message });
      failed ||= picture.named;
    }
  }
  return { results, failures, failed: failed || results.length === 0 };
}
