// Pixels on a canvas.
import { useEffect, useRef } from 'preact/hooks';
import type { Pixels } from '../../worker/stylize-job.js';

interface PictureProps {
  readonly pixels: Pixels;
  /** What it shows, for those who do not see it. */
  readonly label: string;
  readonly class?: string;
  /** Part of it: left, top, width, height. */
  readonly part?: readonly [number, number, number, number];
}

export function PixelCanvas({ pixels: { width, height, pixels }, label, class: name, part }: PictureProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [x, y, w, h] = part ?? [0, 0, width, height];
  useEffect(() => {
    canvas.current?.getContext('2d')?.putImageData(new ImageData(pixels, width, height), -x, -y, x, y, w, h);
  }, [pixels, x, y, w, h]);
  return <canvas ref={canvas} width={w} height={h} class={name} role="img" aria-label={label} />;
}
