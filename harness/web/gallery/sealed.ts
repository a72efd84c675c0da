// An export under a passphrase: AES-256-GCM (NIST SP 800-38D), its key from PBKDF2 with HMAC-SHA-256 (RFC 8018).
// A first line of JSON says how, and is authenticated too; the rest is the ciphertext with its tag.
import { z } from 'zod';
import { InputError } from '../../../src/base/errors.js';

const FORMAT = 'facet-gallery-sealed';
/** Rounds that new files are made with: what OWASP's Password Storage Cheat Sheet asks of this function. */
const ITERATIONS = 600_000;
/** Bytes of salt and of the nonce; both are random and new for every file. */
const SALT = 16;
const NONCE = 12;
/** A first line is no longer than this. */
const LONGEST_HEAD = 1024;
const NEWLINE = 10;

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(1),
  // A file from elsewhere must not keep the machine busy for hours, nor be made with next to nothing.
  iterations: z.int().min(100_000).max(20_000_000),
  salt: z.base64().length(24),
  nonce: z.base64().length(16),
});
type Head = z.infer<typeof headSchema>;

/** Whether these are bytes that `seal` made; they may be damaged all the same. */
export function isSealed(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(0, 64)).startsWith(`{"format":"${FORMAT}"`);
}

/** Encrypts `plain`. InputError where the passphrase is empty. */
export async function seal(
  plain: Uint8Array<ArrayBuffer>,
  passphrase: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const [salt, nonce] = [random(SALT), random(NONCE)];
  const head: Head = {
    format: FORMAT,
    version: 1,
    iterations: ITERATIONS,
    salt: toBase64(salt),
    nonce: toBase64(nonce),
  };
  const line = new TextEncoder().encode(`${JSON.stringify(head)}\n`);
  const key = await keyOf(passphrase, salt, ITERATIONS, 'encrypt');
  const cipher = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: nonce, additionalData: line },
    key,
    plain,
  );
  const out = new Uint8Array(line.length + cipher.byteLength);
  out.set(line);
  out.set(new Uint8Array(cipher), line.length);
  return out;
}

/** What was sealed. InputError where the file is none, or the passphrase is not its own, or a bit has changed. */
export async function unseal(
  bytes: Uint8Array<ArrayBuffer>,
  passphrase: string,
  where: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const end = bytes.subarray(0, LONGEST_HEAD).indexOf(NEWLINE) + 1;
  const line = bytes.slice(0, end);
  const { iterations, salt, nonce } = headOf(new TextDecoder().decode(line), where);
  const key = await keyOf(passphrase, fromBase64(salt), iterations, 'decrypt');
  try {
    const algorithm = { name: 'AES-GCM', iv: fromBase64(nonce), additionalData: line };
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, key, bytes.subarray(end)));
  } catch (error) {
    throw new InputError(`${where}: the passphrase is not that of this file, or the file is damaged`, {
      cause: error,
      fact: { code: 'passphrase', values: { where } },
    });
  }
}

function headOf(text: string, where: string): Head {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${where}: is no encrypted gallery: its first line is no JSON`, { cause: error });
  }
  const parsed = headSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new InputError(`${where}: is no encrypted gallery: ${[...issue.path, issue.message].join(': ')}`);
}

async function keyOf(
  passphrase: string,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
  use: 'encrypt' | 'decrypt',
): Promise<CryptoKey> {
  if (passphrase === '') throw new InputError('the passphrase must not be empty');
  // The same words typed on another keyboard may come in another of Unicode's forms.
  const words = new TextEncoder().encode(passphrase.normalize('NFC'));
  const base = await crypto.subtle.importKey('raw', words, 'PBKDF2', false, ['deriveKey']);
  return crypto.subtle.deriveKey(
    { name: 'PBKDF2', hash: 'SHA-256', salt, iterations },
    base,
    { name: 'AES-GCM', length: 256 },
    false,
    [use],
  );
}

function random(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

function toBase64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
