// Who enrolled, looked for or removed whom: one JSON object a line, only ever appended to. Names are kept as keyed
// hashes, so that the log of a person who was removed does not keep the name, while who holds the key (audit.key beside
// the log) can still ask it about one. No embedding and no picture is in it.
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { access, type FileHandle, mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { reasonOf, writeAtomically } from './overwrite.js';

/** What somebody is about to do. */
export interface Deed {
  readonly action: 'enroll' | 'identify' | 'verify' | 'rename' | 'remove' | 'drop' | 'export' | 'import';
  /** Left out where two pictures are compared and no collection is asked. */
  readonly collection?: string | undefined;
  /** Names; written as hashes. */
  readonly people?: readonly string[];
}

/** What came of it. */
export interface Done {
  readonly people?: readonly string[];
  readonly samples?: number;
}

/** What is told of one deed, before and after it. */
export interface AuditEntry extends Deed, Done {
  /** `begun` is on disk before anything is done; the last one may be missing after a crash. */
  readonly phase: 'begun' | 'done' | 'failed';
  /** Ties the lines of one request together. */
  readonly request: string;
  /** Address of who asked, or `cli:` and the name of the system's user. */
  readonly client: string;
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

  /** As the log writes a name: HMAC-SHA256 of its form in galleries (NFC, trimmed), 32 hexadecimal digits. */
  subject(name: string): string {
    return createHmac('sha256', this.key).update(name.normalize('NFC').trim()).digest('hex').slice(0, 32);
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

  /** Does `work` between its lines in the log: not at all where the first cannot be written. */
  async around<T>(
    deed: Deed,
    client: string,
    work: () => Promise<Done & { readonly result: T }>,
  ): Promise<T> {
    const entry = { ...deed, request: randomUUID(), client };
    await this.record({ ...entry, phase: 'begun' });
    try {
      const { result, ...done } = await work();
      await this.record({ ...entry, ...done, phase: 'done' });
      return result;
    } catch (error) {
      await this.record({ ...entry, phase: 'failed' });
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.file.close();
  }
}

/** The key of `path`, made where it is missing: whole or not at all, for others may be opening the log too. */
async function keyIn(path: string): Promise<Buffer> {
  if (!(await exists(path))) {
    await writeAtomically(path, randomBytes(KEY_BYTES), { mode: 0o600 }).catch(async (error: unknown) => {
      if (!(await exists(path))) throw error;
    });
  }
  const key = await readFile(path);
  if (key.length !== KEY_BYTES) {
    throw new InputError(`${path}: must have ${KEY_BYTES} bytes, it has ${key.length}`);
  }
  return key;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
