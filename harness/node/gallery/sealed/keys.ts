// Keys of an encrypted gallery, all by node:crypto: scrypt (RFC 7914) makes a key of the passphrase, which wraps a random
// one; from that HKDF (RFC 5869) makes one for AES-256-GCM (NIST SP 800-38D), which hides and authenticates what is kept,
// and one for HMAC-SHA-256 (RFC 2104), by which rows are found without their names.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  randomUUID,
  scrypt,
} from 'node:crypto';
import { z } from 'zod';
import { InputError } from '../../../../src/base/errors.js';

/** What new galleries ask of who guesses: 128 MiB and some tenths of a second a try (OWASP's Password Storage Cheat Sheet). */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
/** Characters that a new passphrase must have: the file may be tried on many machines for years. */
export const SHORTEST_PASSPHRASE = 12;
const SALT = 16;
const KEY = 32;
const NONCE = 12;
const TAG = 16;
const CIPHER = 'aes-256-gcm';

const recordSchema = z.strictObject({
  format: z.literal('facet-gallery-key'),
  version: z.literal(1),
  /** Of the random key: the same under every passphrase. */
  id: z.uuid(),
  // A record that somebody changed must neither take all memory nor be next to nothing.
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z
      .int()
      .min(2 ** 14)
      .max(2 ** 20),
    r: z.int().min(8).max(16),
    p: z.int().min(1).max(4),
    salt: z.base64(),
  }),
  /** The random key under the passphrase's; its tag is what tells a wrong passphrase. */
  key: z.base64(),
});
type KeyRecord = z.infer<typeof recordSchema>;

/** What a gallery keeps of its key, as JSON; without the passphrase it opens nothing. */
export interface SealedKey {
  readonly id: string;
  readonly record: string;
}

/** A random key under `passphrase`, and how to keep it. InputError where the passphrase is too short. */
export async function newKey(passphrase: string): Promise<{ keys: GalleryKeys; sealed: SealedKey }> {
  const [id, secret] = [randomUUID(), randomBytes(KEY)];
  return { keys: new GalleryKeys(id, secret), sealed: await wrap(id, secret, passphrase) };
}

/** The keys in a record. InputError that begins with `where` for another passphrase, or a record that is none. */
export async function unlock(text: string, passphrase: string, where: string): Promise<GalleryKeys> {
  const record = recordOf(text, where);
  const key = await keyOf(passphrase, record.kdf);
  try {
    return new GalleryKeys(record.id, open(key, Buffer.from(record.key, 'base64'), headOf(record)));
  } catch (error) {
    throw new InputError(`${where}: the passphrase is not that of this gallery`, { cause: error });
  }
}

/** The keys of a gallery while it is open. They are never written or printed. */
export class GalleryKeys {
  readonly #secret: Buffer;
  readonly #box: Buffer;
  readonly #look: Buffer;

  constructor(
    readonly id: string,
    secret: Buffer,
  ) {
    this.#secret = secret;
    this.#box = derived(secret, 'facet gallery: rows');
    this.#look = derived(secret, 'facet gallery: lookups');
  }

  /** The same key under another passphrase. */
  rewrap(passphrase: string): Promise<SealedKey> {
    return wrap(this.id, this.#secret, passphrase);
  }

  /** Nonce, ciphertext and tag; `place` must be said again to open it, so that no row stands for another. */
  seal(plain: Uint8Array, place: Uint8Array): Buffer {
    return seal(this.#box, plain, place);
  }

  /** What was sealed for `place`; throws where a bit of it, or the place, is another. */
  open(sealed: Uint8Array, place: Uint8Array): Buffer {
    return open(this.#box, sealed, place);
  }

  /** What stands for `value` in a column that is searched: equal for equal values of one kind and scope, else random. */
  tag(kind: 'collection' | 'person' | 'id' | 'crop', scope: string, value: string): Buffer {
    return createHmac('sha256', this.#look)
      .update(JSON.stringify([kind, scope, value]))
      .digest();
  }
}

async function wrap(id: string, secret: Buffer, passphrase: string): Promise<SealedKey> {
  if ([...passphrase].length < SHORTEST_PASSPHRASE) {
    throw new InputError(
      `the passphrase must have at least ${SHORTEST_PASSPHRASE} characters, it has ${[...passphrase].length}`,
    );
  }
  const kdf = { name: 'scrypt' as const, ...COST, salt: randomBytes(SALT).toString('base64') };
  const head = { format: 'facet-gallery-key' as const, version: 1 as const, id, kdf };
  const key = seal(await keyOf(passphrase, kdf), secret, headOf(head));
  return { id, record: JSON.stringify({ ...head, key: key.toString('base64') }) };
}

function recordOf(text: string, where: string): KeyRecord {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  const parsed = recordSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new InputError(`${where}: the record of the gallery's key is damaged, or of a newer version`, {
    cause: parsed.error,
  });
}

/** What of a record is authenticated beside the key. */
function headOf({ format, version, id, kdf }: Omit<KeyRecord, 'key'>): Buffer {
  const { name, N, r, p, salt } = kdf;
  return Buffer.from(JSON.stringify([format, version, id, name, N, r, p, salt]));
}

function keyOf(passphrase: string, { N, r, p, salt }: KeyRecord['kdf']): Promise<Buffer> {
  return new Promise((done, failed) => {
    // The same words typed on another keyboard may come in another of Unicode's forms.
    const words = passphrase.normalize('NFC');
    const limits = { N, r, p, maxmem: 128 * N * r * 2 };
    scrypt(words, Buffer.from(salt, 'base64'), KEY, limits, (error, key) =>
      error ? failed(error) : done(key),
    );
  });
}

function derived(secret: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', purpose, KEY));
}

function seal(key: Buffer, plain: Uint8Array, place: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(place);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, sealed: Uint8Array, place: Uint8Array): Buffer {
  if (sealed.length < NONCE + TAG) throw new RangeError('shorter than nonce and tag');
  const end = sealed.length - TAG;
  const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(place)
    .setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(NONCE, end));
  // Gives no more bytes, but throws where the tag is another.
  decipher.final();
  return plain;
}
