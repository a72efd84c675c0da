// The run's pictures at the size of each scale.
import { fromPlanar, type RgbImage, toPlanar } from '../base/image.js';
import type { TensorStore } from '../gpu/store.js';
import { mixNoise, noisePicture, styleNoise } from './init.js';
import { type CheckedInput, type Size, type StylizeInput, styleSize } from './input.js';
import { fitLongSide } from './options.js';
import { resample } from './resample.js';
import type { Planar, ScaledStyle } from './targets.js';

/** Scales content, styles and starting picture; what is much larger than the result is shrunk once. */
export class ScaledPictures {
  private readonly content: Planar;
  private readonly reduced = new Map<Planar, Planar>();

  constructor(
    private readonly input: StylizeInput,
    private readonly checked: CheckedInput,
    private readonly store: TensorStore,
  ) {
    this.content = planarOf(input.content);
  }

  /** The content with the regions of its mask, for the targets. */
  async contentAt(size: Size) {
    const { contentMask } = this.input;
    const planar = await this.scaled(this.content, size);
    const { regions } = this.checked;
    if (!contentMask || !regions) return planar;
    return { ...planar, regions, maskSize: { width: contentMask.width, height: contentMask.height } };
  }

  /** The content as a picture, for its colours. */
  async contentPicture(size: Size): Promise<RgbImage> {
    return fromPlanar((await this.scaled(this.content, size)).values, size.width, size.height);
  }

  /** The styles for a result of `size`. */
  async stylesAt(size: Size): Promise<ScaledStyle[]> {
    const { options, styles } = this.checked;
    const out: ScaledStyle[] = [];
    for (const style of styles) {
      const own = styleSize(style, size, this.input.weights, options);
      out.push({ ...style, ...(await this.scaled(style, own)) });
    }
    return out;
  }

  /** The picture that the first scale starts from, planar. */
  async initial(size: Size): Promise<Float32Array> {
    const { options: o, styles } = this.checked;
    const noise = () => noisePicture(size.height, size.width, o.seed);
    switch (o.init) {
      case 'noise':
        return noise();
      case 'style':
        return styleNoise(styles, size.height, size.width, o.seed);
      case 'image':
        return mixNoise(
          (await this.scaled(planarOf(this.input.initImage!), size)).values,
          noise(),
          o.initNoise,
        );
      case 'content':
        return mixNoise((await this.scaled(this.content, size)).values, noise(), o.initNoise);
    }
  }

  private async scaled(picture: Planar, size: Size): Promise<Planar> {
    const source = await this.reduce(picture);
    const shape = [1, 3, source.height, source.width] as const;
    return { ...size, values: await resample(this.store, source.values, shape, size.height, size.width) };
  }

  /** At most twice as large as it will ever be needed. */
  private async reduce(picture: Planar): Promise<Planar> {
    const known = this.reduced.get(picture);
    if (known) return known;
    const last = this.checked.sizes.at(-1)!;
    const { styleScale } = this.checked.options;
    const enough = 2 * Math.ceil(Math.max(last.width, last.height) * Math.max(1, styleScale));
    let reduced = picture;
    if (Math.max(picture.width, picture.height) > enough) {
      const size = fitLongSide(picture.width, picture.height, enough);
      const shape = [1, 3, picture.height, picture.width] as const;
      const values = await resample(this.store, picture.values, shape, size.height, size.width);
      reduced = { ...size, values };
    }
    this.reduced.set(picture, reduced);
    return reduced;
  }
}

function planarOf(image: RgbImage): Planar {
  return { width: image.width, height: image.height, values: toPlanar(image) };
}
