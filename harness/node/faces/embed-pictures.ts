// The embedding of one face in each of many pictures, for `facet face evaluate`: a picture without a found face counts too.
import type { RgbImage } from '../../../src/base/image.js';
import { alignFace } from '../../../src/faces/align.js';
import { middleBox } from '../../../src/faces/boxes.js';
import type { Embedder } from '../../../src/faces/models.js';
import type { FacePipeline } from '../../../src/faces/pipeline.js';
import { alignedChip, type FindOptions, findFaces } from '../../../src/faces/read.js';
import { readPicture } from '../pictures.js';

export interface EmbedOptions extends FindOptions {
  /** The pictures are aligned faces already. */
  readonly aligned: boolean;
}

export interface EmbeddedPictures {
  readonly net: string;
  readonly template: string;
  /** By path: [128], of length 1. */
  readonly embeddings: ReadonlyMap<string, Float32Array>;
  /** Pictures whose face was found at a lower score only. */
  readonly weak: readonly string[];
  /** Pictures in which none was found: taken about their middle. */
  readonly missed: readonly string[];
  /** Mean time of each stage for one picture, in milliseconds; reading decodes the file. */
  readonly milliseconds: Readonly<Record<Stage, number>>;
}

type Stage = 'read' | 'find' | 'align' | 'embed';

/** Pictures that are embedded together. */
const BATCH = 16;
/** Of a second search where the first finds nothing. */
const LOW_SCORE = 0.1;

/** Embeds a face of every picture, none left out; `progress` is told how many are done. */
export async function embedPictures(
  pipeline: FacePipeline,
  embedder: Embedder,
  paths: readonly string[],
  options: EmbedOptions,
  progress: (done: number) => void,
): Promise<EmbeddedPictures> {
  const embeddings = new Map<string, Float32Array>();
  const weak: string[] = [];
  const missed: string[] = [];
  const spent: Record<Stage, number> = { read: 0, find: 0, align: 0, embed: 0 };
  const timed = async <T>(stage: Stage, work: () => Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work();
    spent[stage] += performance.now() - from;
    return result;
  };

  const chipOf = async (path: string): Promise<RgbImage> => {
    const picture = await timed('read', () => readPicture(path));
    if (options.aligned) return alignedChip(picture, embedder.template, path);
    const landmarks = await timed('find', async () => {
      const { faces } = await findFaces(pipeline, picture, options);
      if (faces[0]) return faces[0].landmarks;
      const lower = await findFaces(pipeline, picture, { ...options, minScore: LOW_SCORE, minSize: 1 });
      (lower.faces[0] ? weak : missed).push(path);
      return lower.faces[0]?.landmarks ?? (await pipeline.landmarks(picture, [middleBox(picture)]))[0]!;
    });
    const [chip] = await timed('align', () =>
      pipeline.chips(picture, [alignFace(landmarks, embedder.template)]),
    );
    return chip!;
  };

  for (let first = 0; first < paths.length; first += BATCH) {
    const part = paths.slice(first, first + BATCH);
    const chips: RgbImage[] = [];
    for (const path of part) chips.push(await chipOf(path));
    const vectors = await timed('embed', () => pipeline.embed(chips));
    for (const [i, path] of part.entries()) embeddings.set(path, vectors[i]!);
    progress(first + part.length);
  }
  const milliseconds = Object.fromEntries(
    Object.entries(spent).map(([stage, ms]) => [stage, ms / paths.length]),
  ) as Record<Stage, number>;
  const { name, template } = embedder;
  return { net: name, template: template.name, embeddings, weak, missed, milliseconds };
}
