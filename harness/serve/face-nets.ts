// The nets of the face verbs: loaded once, on the device while it lives, used by one request at a time.
import { FacePipeline } from '../../src/faces/pipeline.js';
import type { FindOptions } from '../../src/faces/read.js';
import { type FaceModels, loadFaceModels } from '../node/faces/models.js';
import { FaceSession } from '../node/faces/session.js';
import type { Gpu } from './gpu.js';

/** Who asks, and whether they still do. */
export interface Asker {
  readonly client: string;
  readonly signal: AbortSignal;
}

/** How faces are found where a request does not say. */
export const FIND: FindOptions = { policy: 'largest' };

/** Owns the nets on the device, which it gives up before a lost device goes. */
export class FaceNets {
  private readonly loaded = new Map<string, Promise<FaceModels>>();
  private readonly pipelines = new Map<string, FacePipeline>();

  constructor(private readonly gpu: Gpu) {
    gpu.beforeLoss(() => this.release());
  }

  /** Runs `work` alone on the device, between two steps of a picture. */
  async run<T>(net: string, asker: Asker, work: (session: FaceSession) => Promise<T>): Promise<T> {
    const models = await this.models(net);
    return this.gpu.turns.brief(async () => {
      // Who has gone meanwhile is not worked for.
      asker.signal.throwIfAborted();
      try {
        const device = await this.gpu.device();
        let pipeline = this.pipelines.get(net);
        if (!pipeline) {
          pipeline = new FacePipeline(device, models.pipeline);
          this.pipelines.set(net, pipeline);
        }
        return await work(new FaceSession(device, pipeline, models, FIND));
      } catch (error) {
        await this.gpu.discardAfter(error);
        throw error;
      }
    });
  }

  /** A net's models, read once. */
  models(net: string): Promise<FaceModels> {
    let models = this.loaded.get(net);
    if (!models) {
      models = loadFaceModels({ net });
      this.loaded.set(net, models);
      // Weights that are missing now may be there later.
      models.catch(() => this.loaded.delete(net));
    }
    return models;
  }

  /** Takes the nets off the device. */
  async release(): Promise<void> {
    const all = [...this.pipelines.values()];
    this.pipelines.clear();
    // On a lost device nothing can be waited for.
    for (const pipeline of all) await pipeline.destroy().catch(() => undefined);
  }
}
