// The candidates of a search from the GPU: exact in f32, ranked again in float64 by who asked.
import { InputError } from '../../base/errors.js';
import type { Device } from '../../gpu/device.js';
import { TensorStore } from '../../gpu/store.js';
import { NearestSearch } from '../../graph/nearest-search.js';
import type { Nearest } from './search.js';
import { DIMENSION } from './types.js';

/** Candidates that the kernel gives at most. */
const MOST = 64;

/** Owns a copy of a snapshot's vectors on the GPU. */
export class GpuNearest {
  private constructor(
    private readonly store: TensorStore,
    private readonly search: NearestSearch,
    private readonly vectors: Float32Array,
  ) {}

  /** Uploads `vectors` [n,128], at least one; OutOfMemoryError where they do not fit. */
  static open(device: Device, vectors: Float32Array): GpuNearest {
    const store = new TensorStore(device);
    const capacity = vectors.length / DIMENSION;
    const search = NearestSearch.open(store, { dimension: DIMENSION, capacity, k: MOST, label: 'gallery' });
    search.append(vectors);
    return new GpuNearest(store, search, vectors);
  }

  /** For Snapshot and Collection; InputError for vectors other than those that were uploaded. */
  readonly nearest: Nearest = async (query, vectors, count) => {
    if (vectors !== this.vectors) {
      throw new InputError('the GPU holds the vectors of another snapshot than the one that is searched');
    }
    // More than the kernel gives: whoever asks ranks them all.
    if (count > MOST) return Uint32Array.from({ length: vectors.length / DIMENSION }, (_, row) => row);
    const [found] = await this.search.search(query);
    return found!.map(({ row }) => row);
  };

  async destroy(): Promise<void> {
    await this.search.destroy();
    this.store.destroy();
  }
}
