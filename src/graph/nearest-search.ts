// A gallery of vectors on the GPU, and the nearest of them to any vector.
import { InputError } from '../base/errors.js';
import { packTensor } from '../base/layout.js';
import { ceilDiv } from '../base/shape.js';
import { type Tensor, tensor } from '../base/tensor.js';
import type { TensorStore } from '../gpu/store.js';
import { chunkRows, distancesLabel, MOST_NEIGHBOURS, MOST_ROWS, topK } from '../kernels/top-k.js';
import { Program } from './program.js';

/** Sizes of a gallery; its buffers are made for `capacity` vectors at once. */
export interface NearestSearchOptions {
  /** Values of a vector. */
  readonly dimension: number;
  /** Vectors at most, up to 2^24. */
  readonly capacity: number;
  /** Neighbours of each query, 1 to 64. */
  readonly k: number;
  /** Queries that are answered together (16); more are answered batch by batch. */
  readonly batch?: number;
  /** Name of its buffers and dispatches (`search`). */
  readonly label?: string;
}

/** One neighbour. */
export interface Neighbour {
  /** Number of the vector, in the order in which vectors were appended. */
  readonly row: number;
  /** Squared Euclidean distance, in float32. */
  readonly distance: number;
}

/** About as many distances are held at once, however large the gallery. */
const DISTANCES = 2 ** 22;

/**
 * Exact search: every vector is measured, none is left out by an index. Owns its buffers in the store and its programs.
 */
export class NearestSearch {
  private held = 0;
  /** By number of queries. */
  private readonly programs = new Map<number, Promise<Answering>>();

  private constructor(
    private readonly store: TensorStore,
    private readonly options: Required<NearestSearchOptions>,
    private readonly rowsPerChunk: number,
    private readonly chunks: readonly Tensor[],
  ) {}

  /** An empty gallery in `store`; InputError for sizes that cannot be, OutOfMemoryError where it does not fit. */
  static open(store: TensorStore, options: NearestSearchOptions): NearestSearch {
    const all = { batch: 16, label: 'search', ...options };
    checkWhole(all.label, 'dimension', all.dimension, 2 ** 16);
    checkWhole(all.label, 'capacity', all.capacity, MOST_ROWS);
    checkWhole(all.label, 'k', all.k, MOST_NEIGHBOURS);
    checkWhole(all.label, 'batch', all.batch, 1024);
    const { dimension, capacity, batch, label } = all;
    const wanted = Math.max(4, 4 * Math.floor(DISTANCES / (4 * batch)));
    const rows = Math.min(chunkRows(store.device.target, dimension, batch), wanted);
    const chunks: Tensor[] = [];
    try {
      for (let i = 0; i < ceilDiv(capacity, rows); i++) {
        const shape = [Math.min(rows, capacity - i * rows), dimension];
        chunks.push(store.pin(tensor(`${label}.gallery.${i}`, shape, { lifetime: 'pinned' })));
      }
    } catch (error) {
      for (const chunk of chunks) store.release(chunk);
      throw error;
    }
    return new NearestSearch(store, all, rows, chunks);
  }

  /** Vectors in the gallery. */
  get count(): number {
    return this.held;
  }

  /** Adds vectors, one behind the other, and returns the row of the first; InputError where one is not finite or too many. */
  append(vectors: ArrayLike<number>): number {
    const first = this.held;
    this.write(first, vectors);
    return first;
  }

  /** Replaces vectors from `first` on, and adds those beyond the last. */
  write(first: number, vectors: ArrayLike<number>): void {
    const { dimension, capacity, label } = this.options;
    const count = this.vectorsIn(vectors);
    if (!Number.isInteger(first) || first < 0 || first > this.held)
      throw new InputError(`${label}: first must be a row from 0 to ${this.held}, got ${first}`);
    if (first + count > capacity)
      throw new InputError(`${label}: ${first + count} vectors do not fit into a gallery of ${capacity}`);
    const values = vectors instanceof Float32Array ? vectors : Float32Array.from(vectors);
    for (let row = first; row < first + count; ) {
      const chunk = Math.floor(row / this.rowsPerChunk);
      const within = row - chunk * this.rowsPerChunk;
      const rows = Math.min(first + count - row, this.rowsPerChunk - within);
      const part = values.subarray((row - first) * dimension, (row - first + rows) * dimension);
      const buffer = this.store.buffer(this.chunks[chunk]!);
      // Without padding lanes the rows lie as they come.
      const packed = dimension % 4 === 0 ? part : packTensor(part, [rows, dimension], 'flat');
      this.store.device.write(buffer, packed, within * 16 * ceilDiv(dimension, 4));
      row += rows;
    }
    this.held = Math.max(this.held, first + count);
  }

  /** Forgets all vectors. */
  clear(): void {
    this.held = 0;
  }

  /**
   * For every query (one behind the other) its k nearest vectors, or all where there are fewer: by ascending distance, and
   * those at one distance by ascending row. The same queries give the same bits.
   */
  async search(queries: ArrayLike<number>): Promise<Neighbour[][]> {
    const { dimension, batch, k } = this.options;
    const count = this.vectorsIn(queries);
    if (this.held === 0) return Array.from({ length: count }, () => []);
    const found: Neighbour[][] = [];
    for (let first = 0; first < count; first += batch) {
      const asked = Math.min(batch, count - first);
      // A single query, the usual one, has a program of its own; others are filled up with zeros.
      const answering = await this.answering(asked === 1 ? 1 : batch);
      const size = answering.queries.shape[0]!;
      const values = new Float32Array(size * dimension);
      for (let i = 0; i < asked * dimension; i++) values[i] = queries[first * dimension + i]!;
      const [distances, numbers] = await this.answer(answering, values);
      for (let b = 0; b < asked; b++) {
        const places = Array.from({ length: Math.min(k, this.held) }, (_, i) => b * k + i);
        found.push(
          places
            .filter((place) => numbers![place]! >= 0)
            .map((place) => ({ row: numbers![place]!, distance: distances![place]! })),
        );
      }
    }
    return found;
  }

  /** Frees buffers and programs, after searches that are under way. */
  async destroy(): Promise<void> {
    for (const settled of await Promise.allSettled(this.programs.values())) {
      if (settled.status === 'rejected') continue;
      const { program, queries } = settled.value;
      program.destroy();
      this.store.release(queries);
    }
    this.programs.clear();
    for (const chunk of this.chunks) this.store.release(chunk);
  }

  private async answer(
    { program, queries, found }: Answering,
    values: Float32Array,
  ): Promise<Float32Array[]> {
    this.store.write(queries, values);
    for (const [i, chunk] of this.chunks.entries()) {
      const rows = Math.min(chunk.shape[0]!, Math.max(0, this.held - i * this.rowsPerChunk));
      program.setParams(distancesLabel(this.options.label, i), { rows });
    }
    program.run();
    return program.readAll(found);
  }

  private answering(size: number): Promise<Answering> {
    const before = this.programs.get(size);
    if (before) return before;
    const compiling = this.compile(size);
    this.programs.set(size, compiling);
    // Another search may try again.
    compiling.catch(() => this.programs.delete(size));
    return compiling;
  }

  private async compile(size: number): Promise<Answering> {
    const { dimension, k, label } = this.options;
    const queries = tensor(`${label}.queries`, [size, dimension], { lifetime: 'pinned' });
    const inputs = { queries, chunks: this.chunks };
    const { dispatches, distances, numbers } = topK(label, this.store.device.target, inputs, k);
    const found = [distances, numbers];
    this.store.pin(queries);
    try {
      return {
        program: await Program.compile(this.store, dispatches, { keep: found, label }),
        queries,
        found,
      };
    } catch (error) {
      this.store.release(queries);
      throw error;
    }
  }

  /** How many vectors these values are; InputError where they are no whole number of them or not finite. */
  private vectorsIn(values: ArrayLike<number>): number {
    const { dimension, label } = this.options;
    if (values.length % dimension !== 0)
      throw new InputError(`${label}: ${values.length} values are no whole number of ${dimension}-vectors`);
    for (let i = 0; i < values.length; i++) {
      if (!Number.isFinite(Math.fround(values[i]!))) {
        throw new InputError(
          `${label}: value ${i % dimension} of vector ${Math.floor(i / dimension)} must be finite, is ${values[i]}`,
        );
      }
    }
    return values.length / dimension;
  }
}

interface Answering {
  readonly program: Program;
  readonly queries: Tensor;
  /** Distances and numbers. */
  readonly found: readonly Tensor[];
}

function checkWhole(label: string, name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new InputError(`${label}: ${name} must be an integer in 1..${most}, got ${value}`);
}
