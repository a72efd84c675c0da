// What looks at many embeddings together: the map, and a threshold fitted to the user's own people.
import { InputError } from '../../../../src/base/errors.js';
import type { Calibration } from '../../../../src/faces/evaluation/calibration.js';
import {
  enrolledEmbeddings,
  type FittedThreshold,
  fitThreshold,
  type NamedEmbedding,
} from '../../../../src/faces/evaluation/fit-threshold.js';
import { DIMENSION, type Json } from '../../../../src/faces/gallery/types.js';
import { faceChips, findFaces } from '../../../../src/faces/read.js';
import type { WorkerContext } from '../../worker/context.js';
import { encodeError, type Job, type WireError } from '../../worker/messages.js';
import { embeddingMap, type MapMethod } from './embedding-map.js';
import type { FaceHost, NetProgress } from './host.js';

/** A sample on the map, in 0..1. */
export interface MapPoint {
  readonly id: string;
  readonly person: string;
  readonly x: number;
  readonly y: number;
}

/** The job `faceMap`: every sample of a collection. */
export function mapJob(
  host: FaceHost,
): Job<{ collection: string; method: MapMethod }, never, never, MapPoint[]> {
  return async ({ collection: name, method }) => {
    const { contract } = await host.models();
    const collection = await host.gallery.openCollection(name, contract);
    const { ids, people, vectors } = (await collection.snapshot()).page;
    if (ids.length === 0) return [];
    const plane = await embeddingMap(vectors, DIMENSION, method);
    return plane.map(([x, y], i) => ({ id: ids[i]!, person: people[i]!, x, y }));
  };
}

export interface FitParams {
  readonly collection: string;
  /** A folder's pictures, each with its person; the samples of the collection where left out. */
  readonly pictures?: readonly { readonly file: Blob; readonly name: string; readonly person: string }[];
  /** False accept rate that is wanted. */
  readonly far: number;
  readonly calibration: Calibration['kind'];
}

export type FitEvent =
  | NetProgress
  | { readonly type: 'picture'; readonly done: number; readonly total: number };

export interface Fit {
  readonly fitted: FittedThreshold;
  /** Pictures that could not be used, and why. */
  readonly failures: readonly WireError[];
}

/** The job `faceFit`. Nothing is kept: see `faceKeep`. InputError where there are too few people or pictures. */
export function fitJob(context: WorkerContext, host: FaceHost): Job<FitParams, FitEvent, never, Fit> {
  return async ({ collection: name, pictures, far, calibration }, { emit, signal }) => {
    const failures: WireError[] = [];
    const people: NamedEmbedding[] = [];
    if (!pictures) {
      const { contract } = await host.models();
      people.push(...(await enrolledEmbeddings(await host.gallery.openCollection(name, contract))));
    }
    for (const [done, { file, name: path, person }] of (pictures ?? []).entries()) {
      if (signal.aborted) throw new InputError(`stopped after ${done} of ${pictures!.length} pictures`);
      emit({ type: 'picture', done, total: pictures!.length });
      try {
        people.push({ name: person, embedding: await embedded(context, host, file, path, emit) });
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        failures.push(encodeError(error));
      }
    }
    return { fitted: fitThreshold(people, far, calibration), failures };
  };
}

/** The largest face of a picture. */
async function embedded(
  context: WorkerContext,
  host: FaceHost,
  file: Blob,
  path: string,
  emit: (progress: NetProgress) => void,
): Promise<Float32Array> {
  const pipeline = await host.pipeline(emit);
  const { image } = await context.picture(file, path);
  const { faces } = await findFaces(pipeline, image, { policy: 'largest' });
  if (faces.length === 0)
    throw new InputError(`${path}: no face was found in ${image.width}x${image.height} px`, {
      fact: { code: 'no-face', values: { where: path, width: image.width, height: image.height } },
    });
  const { template } = (await host.models()).pipeline.embedder;
  const [embedding] = await pipeline.embed(await faceChips(pipeline, image, faces, template));
  return embedding!;
}

/** The job `faceKeep`: a fitted threshold into the collection, which is made where it is missing. */
export function keepJob(
  host: FaceHost,
): Job<{ collection: string; fitted: FittedThreshold | null }, never, never, void> {
  return async ({ collection: name, fitted }) => {
    const collection = await host.collection(name);
    // Squared L2 of vectors of length 1 ends at 4.
    if (fitted)
      await collection.setThreshold(Math.min(4, fitted.threshold), fitted.calibration as unknown as Json);
    else await collection.setThreshold(null);
  };
}
