// What the jobs of the faces page share: nets on a device of their own, and the gallery of this browser.
import type { Collection } from '../../../../src/faces/gallery/collection.js';
import type { GalleryStore } from '../../../../src/faces/gallery/store.js';
import type { CollectionFacts } from '../../../../src/faces/gallery/types.js';
import { FacePipeline } from '../../../../src/faces/pipeline.js';
import { Device } from '../../../../src/gpu/device.js';
import { type BrowserFaceModels, fetchedFrom, readFaceModels } from '../../face-weights.js';
import { browserGallery } from '../../gallery/indexed-db.js';
import type { WorkerContext } from '../../worker/context.js';

/** As the command line calls it where nothing else is said. */
export const DEFAULT_COLLECTION = 'people';

export type NetProgress = { readonly type: 'nets'; readonly received: number; readonly total: number };

interface Opened {
  readonly device: Device;
  readonly pipeline: FacePipeline;
}

/** Owns the faces' device and pipeline. */
export class FaceHost {
  readonly gallery: GalleryStore = browserGallery();
  private loading: Promise<BrowserFaceModels> | undefined;
  private opened: Promise<Opened> | undefined;

  constructor(private readonly context: WorkerContext) {}

  /** The nets, fetched by the first call. */
  async models(onProgress: (progress: NetProgress) => void = () => {}): Promise<BrowserFaceModels> {
    this.loading ??= readFaceModels(
      fetchedFrom(new URL('faces/', this.context.weightsFolder)),
      ({ received, total }) => onProgress({ type: 'nets', received, total }),
    ).catch((error: unknown) => {
      // A network that fails now may be there later.
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  /** The pipeline; made anew where its device was lost. A run in another precision has a device of its own. */
  async pipeline(onProgress?: (progress: NetProgress) => void): Promise<FacePipeline> {
    const models = await this.models(onProgress);
    if (this.opened) {
      const { device, pipeline } = await this.opened;
      try {
        device.check();
        return pipeline;
      } catch {
        // Told by the job that it broke.
        this.opened = undefined;
      }
    }
    this.opened = Device.open(this.context.platform).then((device) => ({
      device,
      pipeline: new FacePipeline(device, models.pipeline),
    }));
    this.opened.catch(() => {
      this.opened = undefined;
    });
    return (await this.opened).pipeline;
  }

  /** What is known of a collection; undefined where there is none of that name yet. */
  async factsOf(name: string): Promise<CollectionFacts | undefined> {
    return (await this.gallery.listCollections()).find((facts) => facts.name === name);
  }

  /** The collection, made where it is missing. InputError where it holds embeddings of other nets. */
  async collection(name: string): Promise<Collection> {
    const { contract } = await this.models();
    return (await this.factsOf(name))
      ? this.gallery.openCollection(name, contract)
      : this.gallery.createCollection(name, contract);
  }
}
