// How collections, people and samples lie in their boxes. Each box is bound to its place: its table, its collection, its
// person, its tag; one that was moved to another row does not open.
import { InputError } from '../../../../src/base/errors.js';
import {
  type CollectionRecord,
  DIMENSION,
  type QualityFacts,
  type Sample,
} from '../../../../src/faces/gallery/types.js';
import type { GalleryKeys } from './keys.js';

/** Bytes of an embedding, f32 in the machine's order (little-endian wherever Node runs). */
export const VECTOR_BYTES = 4 * DIMENSION;
/** Bytes of an id behind it: it has 64 ASCII characters at most. */
const ID_BYTES = 64;
/** Texts are filled up with spaces to multiples of so many bytes: a box tells nothing finer of a name's length. */
const NAME_UNIT = 64;
const FACTS_UNIT = 256;

/** Where a sample is: its collection's and person's uid and the tag of its id. */
export interface SamplePlace {
  readonly collection: Buffer;
  readonly person: Buffer;
  readonly idTag: Buffer;
}

/** The columns that hold a sample. */
export interface SampleBoxes {
  readonly vector: Buffer;
  readonly facts: Buffer;
  readonly crop: Buffer | null;
}

/** Seals and opens with the keys of one gallery; `location` names it in messages. */
export class Boxes {
  constructor(
    readonly keys: GalleryKeys,
    private readonly location: string,
  ) {}

  sealCollection(uid: Buffer, record: CollectionRecord): Buffer {
    return this.keys.seal(filled(record, FACTS_UNIT), placeOf('collection', uid));
  }

  openCollection(uid: Buffer, box: Buffer): CollectionRecord {
    return JSON.parse(this.open(box, 'collection', uid).toString()) as CollectionRecord;
  }

  sealName(collection: Buffer, uid: Buffer, name: string): Buffer {
    return this.keys.seal(filled(name, NAME_UNIT), placeOf('person', collection, uid));
  }

  openName(collection: Buffer, uid: Buffer, box: Buffer): string {
    return JSON.parse(this.open(box, 'person', collection, uid).toString()) as string;
  }

  sealVector(
    { collection, person, idTag }: SamplePlace,
    { id, embedding }: Pick<Sample, 'id' | 'embedding'>,
  ): Buffer {
    const plain = Buffer.alloc(VECTOR_BYTES + ID_BYTES);
    plain.set(new Uint8Array(embedding.buffer, embedding.byteOffset, VECTOR_BYTES));
    plain.write(id, VECTOR_BYTES, 'latin1');
    return this.keys.seal(plain, placeOf('sample vector', collection, person, idTag));
  }

  /** Writes the embedding to `into` at byte `offset`; the sample's id. */
  openVector(
    { collection, person, idTag }: SamplePlace,
    box: Buffer,
    into: Uint8Array,
    offset: number,
  ): string {
    const plain = this.open(box, 'sample vector', collection, person, idTag);
    into.set(plain.subarray(0, VECTOR_BYTES), offset);
    return plain.toString('latin1', VECTOR_BYTES).replace(/\0+$/, '');
  }

  sealSample(place: SamplePlace, sample: Sample): SampleBoxes {
    const { cropHash, source, time, quality, crop } = sample;
    const { collection, person, idTag } = place;
    const rows = [collection, person, idTag];
    return {
      vector: this.sealVector(place, sample),
      facts: this.keys.seal(
        filled({ cropHash, source, time, quality }, FACTS_UNIT),
        placeOf('sample facts', ...rows),
      ),
      crop: crop && this.keys.seal(crop, placeOf('sample crop', ...rows)),
    };
  }

  openSample(place: SamplePlace, person: string, { vector, facts, crop }: SampleBoxes): Sample {
    const { collection, person: uid, idTag } = place;
    const embedding = new Float32Array(DIMENSION);
    const id = this.openVector(place, vector, new Uint8Array(embedding.buffer), 0);
    const { cropHash, source, time, quality } = JSON.parse(
      this.open(facts, 'sample facts', collection, uid, idTag).toString(),
    ) as { cropHash: string; source: string; time: string; quality: QualityFacts };
    const picture = crop && Uint8Array.from(this.open(crop, 'sample crop', collection, uid, idTag));
    return { id, person, embedding, cropHash, source, time, quality, crop: picture };
  }

  private open(box: Buffer, kind: Kind, ...rows: Buffer[]): Buffer {
    try {
      return this.keys.open(box, placeOf(kind, ...rows));
    } catch (error) {
      const [what] = kind.split(' ');
      throw new InputError(
        `${this.location}: a ${what} of the encrypted gallery is damaged, or was moved or changed without its key`,
        { cause: error },
      );
    }
  }
}

/** What a box holds. */
type Kind = 'collection' | 'person' | `sample ${keyof SampleBoxes}`;

/** The kind with a NUL behind it, and uids and tags, which are of one length for each kind: no two places are the same bytes. */
function placeOf(kind: Kind, ...rows: Buffer[]): Buffer {
  return Buffer.concat([HEADS[kind], ...rows]);
}

const HEADS = Object.fromEntries(
  (['collection', 'person', 'sample vector', 'sample facts', 'sample crop'] as const).map((kind) => [
    kind,
    Buffer.from(`${kind}\0`),
  ]),
) as Record<Kind, Buffer>;

/** JSON with spaces behind it. */
function filled(value: unknown, unit: number): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const whole = Buffer.alloc(Math.ceil(text.length / unit) * unit, ' ');
  text.copy(whole);
  return whole;
}
