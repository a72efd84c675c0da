// Small pictures for lists.
import type { Pixels } from '../../worker/stylize-job.js';

const SIDE = 152;

/** A JPEG that covers a square of `SIDE` pixels. */
export async function thumbnail({ width, height, pixels }: Pixels): Promise<Blob> {
  const side = Math.min(width, height);
  const bitmap = await createImageBitmap(
    new ImageData(pixels, width, height),
    (width - side) / 2,
    (height - side) / 2,
    side,
    side,
    { resizeWidth: SIDE, resizeHeight: SIDE, resizeQuality: 'medium' },
  );
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.8 });
}
