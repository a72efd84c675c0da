// A picture's faces: boxes, landmarks, aligned crops, embeddings, and who they are.
import type { RgbImage } from '../../../../src/base/image.js';
import type { Detection } from '../../../../src/faces/boxes.js';
import { chipBytes } from '../../../../src/faces/chip-bytes.js';
import type { SearchDepth } from '../../../../src/faces/detect.js';
import { namedOnce } from '../../../../src/faces/gallery/rank.js';
import type { Candidate, QualityFacts } from '../../../../src/faces/gallery/types.js';
import { judgeFace, type QualityReason } from '../../../../src/faces/gate.js';
import { judgementOf, probabilityAt } from '../../../../src/faces/judgement.js';
import type { Point } from '../../../../src/faces/landmarks.js';
import { faceChips, findFaces } from '../../../../src/faces/read.js';
import { sampleFacts } from '../../../../src/faces/sample-facts.js';
import { sha256Hex } from '../../../../src/platform/browser-download.js';
import { toPixels } from '../../pictures.js';
import type { WorkerContext } from '../../worker/context.js';
import { type Job, transferring } from '../../worker/messages.js';
import type { Pixels } from '../../worker/stylize-job.js';
import type { FaceHost, NetProgress } from './host.js';

export interface FindParams {
  readonly picture: Blob;
  /** For messages, and kept with what is enrolled. */
  readonly name: string;
  readonly search: SearchDepth;
  readonly minScore: number;
  readonly collection: string;
  /** Squared L2; the collection's or the net's unless said. */
  readonly threshold?: number | undefined;
}

/** Who a face is. */
export interface Identified {
  /** Null: unknown. */
  readonly person: string | null;
  /** Whether a nearer face of the picture has the nearest person's name. */
  readonly taken: boolean;
  readonly threshold: number;
  readonly candidates: readonly (Candidate & { readonly probability: number | null })[];
}

export interface SeenFace {
  readonly box: Detection;
  /** 68, in pixels of the picture. */
  readonly landmarks: readonly Point[];
  readonly facts: QualityFacts;
  /** Why the gate would not enrol it; none where it would. */
  readonly doubts: readonly QualityReason[];
  readonly chip: Pixels;
  readonly cropHash: string;
  /** [128], of length 1. */
  readonly embedding: Float32Array;
  readonly identified: Identified;
}

export interface SeenPicture {
  readonly width: number;
  readonly height: number;
  readonly milliseconds: number;
  readonly faces: readonly SeenFace[];
}

/** The job `faceFind`. InputError where the picture cannot be read. */
export function findJob(
  context: WorkerContext,
  host: FaceHost,
): Job<FindParams, NetProgress, never, SeenPicture> {
  return async ({ picture: file, name, search, minScore, collection, threshold }, { emit }) => {
    const [pipeline, { image }] = await Promise.all([
      host.pipeline((progress) => emit(progress)),
      context.picture(file, name),
    ]);
    const from = performance.now();
    const { embedder } = (await host.models()).pipeline;
    const found = await findFaces(pipeline, image, { policy: 'all', search, minScore });
    const chips = await faceChips(pipeline, image, found.faces, embedder.template);
    const embeddings = await pipeline.embed(chips);
    const milliseconds = performance.now() - from;
    const identified = await identify(host, collection, embeddings, threshold);
    const faces = await Promise.all(
      found.faces.map(async (face, i): Promise<SeenFace> => {
        const { box, landmarks, quality } = face;
        return {
          box,
          landmarks,
          facts: sampleFacts(face),
          // The user sees which face it is, so that several are no doubt.
          doubts: judgeFace(quality, 'standard', 1).reasons,
          chip: pixelsOf(chips[i]!),
          cropHash: await sha256Hex(chipBytes(chips[i]!)),
          embedding: embeddings[i]!,
          identified: identified[i]!,
        };
      }),
    );
    const { width, height } = image;
    return transferring(
      { width, height, milliseconds, faces },
      faces.map(({ chip }) => chip.pixels.buffer),
    );
  };
}

export interface IdentifyParams {
  readonly collection: string;
  readonly embeddings: readonly Float32Array[];
  readonly threshold?: number | undefined;
}

/** The job `faceIdentify`: the faces of one picture again, after the gallery or the threshold has changed. */
export function identifyJob(host: FaceHost): Job<IdentifyParams, never, never, Identified[]> {
  return ({ collection, embeddings, threshold }) => identify(host, collection, embeddings, threshold);
}

async function identify(
  host: FaceHost,
  name: string,
  embeddings: readonly Float32Array[],
  threshold: number | undefined,
): Promise<Identified[]> {
  const { pipeline, contract } = await host.models();
  const facts = await host.factsOf(name);
  const judgement = judgementOf(pipeline.embedder, 'search', facts, threshold);
  const nobody = { person: null, taken: false, threshold: judgement.threshold, candidates: [] };
  if (!facts || facts.samples === 0) return embeddings.map(() => nobody);
  const collection = await host.gallery.openCollection(name, contract);
  const found = [];
  for (const embedding of embeddings)
    found.push(await collection.identify(embedding, { k: 3, threshold: judgement.threshold }));
  return namedOnce(found).map(({ candidates, ...rest }) => ({
    ...rest,
    candidates: candidates.map((candidate) => ({
      ...candidate,
      probability: probabilityAt(judgement, candidate.distance),
    })),
  }));
}

function pixelsOf(image: RgbImage): Pixels {
  return { width: image.width, height: image.height, pixels: toPixels(image) };
}
