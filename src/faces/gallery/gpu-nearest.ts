// The candidates of a search from the GPU: exact in f32, ranked again in float64 by who asked.
import { InputError } from '../../base/errors.js';
import type { Device } from '../../gpu/device.js';
import { TensorStore } from '../../gpu/store.js';
import { NearestSearch } from '../../graph/nearest-search.js';
import type { Nearest } from './search.js';
import { DIMENSION } from './types.js';

/** Candidates that the kernel gives at most. */
const MOST = 64;
/** Queries that are answered together. */
const BATCH = 16;

/** A query that waits for its answer. */
interface Waiting {
  readonly query: Float32Array;
  done(rows: Uint32Array): void;
  fail(error: unknown): void;
}

/**
 * Owns a copy of a snapshot's vectors on the GPU. Queries that are asked while others are answered are answered
 * together, so that who has many does not wait for one before asking the next.
 */
export class GpuNearest {
  private readonly waiting: Waiting[] = [];
  /** Ends when nothing waits; undefined while nothing does. */
  private answering: Promise<void> | undefined;

  private constructor(
    private readonly store: TensorStore,
    private readonly search: NearestSearch,
    private readonly vectors: Float32Array,
  ) {}

  /** Uploads `vectors` [n,128], at least one; OutOfMemoryError where they do not fit. */
  static open(device: Device, vectors: Float32Array): GpuNearest {
    const store = new TensorStore(device);
    const capacity = vectors.length / DIMENSION;
    const search = NearestSearch.open(store, {
      dimension: DIMENSION,
      capacity,
      k: MOST,
      batch: BATCH,
      label: 'gallery',
    });
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
    return new Promise<Uint32Array>((done, fail) => {
      this.waiting.push({ query, done, fail });
      this.answering ??= this.answerAll();
    });
  };

  /** Frees the copy, after queries that wait. */
  async destroy(): Promise<void> {
    await this.answering;
    await this.search.destroy();
    this.store.destroy();
  }

  private async answerAll(): Promise<void> {
    // Those that are asked in the same turn come along.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const asked = this.waiting.splice(0, BATCH);
      const queries = new Float32Array(asked.length * DIMENSION);
      asked.forEach(({ query }, i) => {
        queries.set(query, i * DIMENSION);
      });
      try {
        const found = await this.search.search(queries);
        asked.forEach(({ done }, i) => {
          done(Uint32Array.from(found[i]!, ({ row }) => row));
        });
      } catch (error) {
        for (const { fail } of asked) fail(error);
      }
    }
    this.answering = undefined;
  }
}
