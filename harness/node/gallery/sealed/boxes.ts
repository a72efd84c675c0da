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
    return this.keys.seal(filled(record, FACTS_UNIT), collectionPlace(uid));
  }

  openCollection(uid: Buffer, box: Buffer): CollectionRecord {
    return JSON.parse(this.open(box, collectionPlace(uid)).toString()) as CollectionRecord;
  }

  sealName(collection: Buffer, uid: Buffer, name: string): Buffer {
    return this.keys.seal(filled(name, NAME_UNIT), personPlace(collection, uid));
  }

  openName(collection: Buffer, uid: Buffer, box: Buffer): string {
    return JSON.parse(this.open(box, personPlace(collection, uid)).toString()) as string;
  }

  sealVector(place: SamplePlace, { id, embedding }: Pick<Sample, 'id' | 'embedding'>): Buffer {
    const plain = Buffer.alloc(VECTOR_BYTES + ID_BYTES);
    plain.set(new Uint8Array(embedding.buffer, embedding.byteOffset, VECTOR_BYTES));
    plain.write(id, VECTOR_BYTES, 'latin1');
    return this.keys.seal(plain, samplePlace(place, 'vector'));
  }

  /** Writes the embedding to `into` at byte `offset`; the sample's id. */
  openVector(place: SamplePlace, box: Buffer, into: Uint8Array, offset: number): string {
    const plain = this.open(box, samplePlace(place, 'vector'));
    into.set(plain.subarray(0, VECTOR_BYTES), offset);
    return plain.toString('latin1', VECTOR_BYTES).replace(/\0+$/, '');
  }

  sealSample(place: SamplePlace, sample: Sample): SampleBoxes {
    const { cropHash, source, time, quality, crop } = sample;
    return {
      vector: this.sealVector(place, sample),
      facts: this.keys.seal(
        filled({ cropHash, source, time, quality }, FACTS_UNIT),
        samplePlace(place, 'facts'),
      ),
      crop: crop && this.keys.seal(crop, samplePlace(place, 'crop')),
    };
  }

  openSample(place: SamplePlace, person: string, { vector, facts, crop }: SampleBoxes): Sample {
    const embedding = new Float32Array(DIMENSION);
    const id = this.openVector(place, vector, new Uint8Array(embedding.buffer), 0);
    const { cropHash, source, time, quality } = JSON.parse(
      this.open(facts, samplePlace(place, 'facts')).toString(),
    ) as { cropHash: string; source: string; time: string; quality: QualityFacts };
    const picture = crop && Uint8Array.from(this.open(crop, samplePlace(place, 'crop')));
    return { id, person, embedding, cropHash, source, time, quality, crop: picture };
  }

  private open(box: Buffer, place: string): Buffer {
    try {
      return this.keys.open(box, place);
    } catch (error) {
      const [kind] = place.split(' ');
      throw new InputError(
        `${this.location}: a ${kind} of the encrypted gallery is damaged, or was moved or changed without its key`,
        { cause: error },
      );
    }
  }
}

function collectionPlace(uid: Buffer): string {
  return `collection ${uid.toString('hex')}`;
}

function personPlace(collection: Buffer, uid: Buffer): string {
  return `person ${collection.toString('hex')} ${uid.toString('hex')}`;
}

function samplePlace({ collection, person, idTag }: SamplePlace, column: keyof SampleBoxes): string {
  return `sample ${collection.toString('hex')} ${person.toString('hex')} ${idTag.toString('hex')} ${column}`;
}

/** JSON with spaces behind it. */
function filled(value: unknown, unit: number): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const whole = Buffer.alloc(Math.ceil(text.length / unit) * unit, ' ');
  text.copy(whole);
  return whole;
}
