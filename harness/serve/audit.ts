// Who enrolled, looked for or removed whom: one JSON object a line, only ever appended to. Names are kept as keyed
// hashes, so that the log of a person who was removed does not keep the name, while who holds the key (audit.key beside
// the log) can still ask it about one. No embedding and no picture is in it.
import { createHmac, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { reasonOf } from '../node/overwrite.js';

/** What is told of one deed, before and after it. */
export interface AuditEntry {
  readonly action: 'enroll' | 'identify' | 'rename' | 'remove' | 'drop';
  /** `begun` is on disk before anything is done; the last one may be missing after a crash. */
  readonly phase: 'begun' | 'done' | 'failed';
  /** Ties the lines of one request together. */
  readonly request: string;
  /** Address of who asked. */
  readonly client: string;
  readonly collection: string;
  /** Names; written as hashes. */
  readonly people?: readonly string[];
  readonly samples?: number;
}

const KEY_BYTES = 32;

/** Owns the log's file. Every method rejects with InputError where the disk refuses. */
export class Audit {
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
    private readonly key: Buffer,
    private readonly clock: () => number,
  ) {}

  /** Opens audit.jsonl and audit.key in `folder`, both readable by their owner only. */
  static async open(folder: string, clock: () => number = Date.now): Promise<Audit> {
    const path = join(folder, 'audit.jsonl');
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const key = await keyIn(join(folder, 'audit.key'));
      return new Audit(path, await open(path, 'a', 0o600), key, clock);
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`${path}: ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
    }
  }

  /** As the log writes a name: HMAC-SHA256 of its NFC form, 32 hexadecimal digits. */
  subject(name: string): string {
    return createHmac('sha256', this.key).update(name.normalize('NFC')).digest('hex').slice(0, 32);
  }

  /** Appends an entry; on disk when it resolves. */
  record({ people, ...entry }: AuditEntry): Promise<void> {
    const line = {
      time: new Date(this.clock()).toISOString(),
      ...entry,
      ...(people ? { people: people.map((name) => this.subject(name)) } : {}),
    };
    const write = async () => {
      try {
        await this.file.appendFile(`${JSON.stringify(line)}\n`);
        await this.file.datasync();
      } catch (error) {
        throw new InputError(`${this.path}: ${reasonOf(error as NodeJS.ErrnoException)}`, { cause: error });
      }
    };
    const written = this.last.then(write, write);
    this.last = written;
    return written;
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.file.close();
  }
}

async function keyIn(path: string): Promise<Buffer> {
  const made = await open(path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return undefined;
    throw error;
  });
  if (made) {
    try {
      await made.writeFile(randomBytes(KEY_BYTES));
      await made.sync();
    } finally {
      await made.close();
    }
  }
  const key = await readFile(path);
  if (key.length !== KEY_BYTES) {
    throw new InputError(`${path}: must have ${KEY_BYTES} bytes, it has ${key.length}`);
  }
  return key;
}
