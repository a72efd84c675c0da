// Where the drawings of `--draw` go.
import { mkdir, stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import type { RgbImage } from '../../src/base/image.js';
import { type DrawnFace, drawFaces } from '../node/faces/draw.js';
import type { ListedPicture } from '../node/faces/picture-list.js';
import { reasonOf } from '../node/overwrite.js';
import { checkPicturePath, writePicture } from '../node/pictures.js';
import { exists } from '../node/weights.js';

/** Checks, before any work, that a drawing of each picture can be written; InputError where it cannot. */
export async function checkDraw(
  to: string,
  pictures: readonly ListedPicture[],
  options: { force?: boolean },
): Promise<void> {
  if (await isFile(to, pictures.length)) {
    if (pictures.length > 1) {
      throw new InputError(`${to}: ${pictures.length} pictures need a folder to be drawn into, not a file`);
    }
    // Nor with --force: the picture itself would be lost.
    if (resolve(to) === resolve(pictures[0]!.path)) {
      throw new InputError(`${to}: is the picture itself; the drawing needs another name`);
    }
    await checkPicturePath(to, options);
    return;
  }
  for (const { path, relative } of pictures) {
    const drawing = join(to, drawingName(relative));
    if (resolve(drawing) === resolve(path)) {
      throw new InputError(`${to}: the drawing of ${path} would replace it; draw into another folder`);
    }
    if (!options.force && (await exists(drawing))) {
      throw new InputError(`${drawing}: exists already; --force replaces it`);
    }
  }
}

/** Writes a picture with its faces marked to `to`, or into the folder `to` under the picture's own name. */
export async function drawTo(
  to: string,
  picture: RgbImage,
  faces: readonly DrawnFace[],
  relative: string,
  count: number,
  options: { force?: boolean },
): Promise<void> {
  const path = (await isFile(to, count)) ? to : join(to, drawingName(relative));
  await makeFolder(dirname(path));
  const quiet = { ...(options.force ? { force: true } : {}) };
  await writePicture(path, await drawFaces(picture, faces), quiet);
}

/** Makes a folder and those above it; InputError where it cannot. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: ${reasonOf(error)}`, { cause: error });
  });
}

/** One picture goes to a file, unless the name is a folder's. */
async function isFile(to: string, count: number): Promise<boolean> {
  const folder = await stat(to).then(
    (place) => place.isDirectory(),
    () => false,
  );
  return !folder && (count === 1 || extname(to) !== '');
}

/** GIF, AVIF and HEIC are read but not written. */
function drawingName(relative: string): string {
  const ending = extname(relative);
  return /^\.(jpe?g|png|webp|tiff?)$/i.test(ending)
    ? relative
    : `${relative.slice(0, -ending.length || undefined)}.png`;
}
