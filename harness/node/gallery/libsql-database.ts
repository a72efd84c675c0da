// One connection to a file of SQLite's, a gallery's or the jobs': opening it with what durability and privacy need, transactions, and errors in a
// line each. libsql is synchronous, so that nothing of this process can come between the statements of a transaction.
import { constants } from 'node:fs';
import { access, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type Libsql from 'libsql';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf } from '../overwrite.js';
import { migrate } from './libsql-schema.js';

/** What SQL takes and gives. */
export type SqlValue = string | number | Buffer | null;

/** How `openGalleryFile` opens its file. */
export interface LibsqlOptions {
  /** Make the file where there is none; default true. */
  readonly create?: boolean;
  /** How long to wait for another program's lock, in ms; default 10,000. */
  readonly busyTimeout?: number;
  /** Whose file it is; a gallery's unless told. */
  readonly owner?: FileOwner;
}

/** What a file of this kind is called, and how its tables come to be. */
export interface FileOwner {
  /** As messages name it: `gallery`. */
  readonly noun: string;
  /** Makes the tables of a new file or brings an older one up to date; among them is `purge (since text)`. */
  migrate(db: LibsqlDatabase): void;
}

const GALLERY: FileOwner = { noun: 'gallery', migrate };

/** Every SQLite file begins with these bytes. */
const MAGIC = 'SQLite format 3\0';

/** How often a lock is tried again that SQLite's own timeout does not cover, in ms. */
const RETRY = 20;

/** A connection to one file. Its methods throw InputError where the file, the disk or another program is in the way. */
export class LibsqlDatabase {
  private readonly statements = new Map<string, Libsql.Statement>();

  private constructor(
    readonly path: string,
    private readonly db: Libsql.Database,
    private readonly busyTimeout: number,
    private readonly noun: string,
  ) {}

  /** Opens or makes the file and brings its schema up to date. */
  static async open(path: string, options: LibsqlOptions = {}): Promise<LibsqlDatabase> {
    const { create = true, busyTimeout = 10_000, owner = GALLERY } = options;
    const { noun } = owner;
    await checkFile(path, create, noun);
    // Loaded here, so that a program that opens no gallery does not load the native library.
    const { default: Database } = await import('libsql');
    const deadline = performance.now() + busyTimeout;
    for (;;) {
      let db: Libsql.Database | undefined;
      try {
        db = new Database(path, { timeout: busyTimeout });
        const connection = new LibsqlDatabase(path, db, busyTimeout, noun);
        connection.configure();
        owner.migrate(connection);
        // Left by a crash or by a reader. Where it cannot be done now either, the next opening or removal tries again.
        if (connection.query('select 1 from purge limit 1').length > 0) connection.purge();
        return connection;
      } catch (error) {
        db?.close();
        // Turning the log on takes a lock for which SQLite does not wait by itself.
        if (!isBusy(error) || performance.now() > deadline) throw explain(error, path, busyTimeout, noun);
      }
      await sleep(RETRY);
    }
  }

  /** All rows of a query, each an array of its columns. */
  query<Row extends readonly unknown[]>(sql: string, values: readonly SqlValue[] = []): Row[] {
    return this.attempt(() => this.prepare(sql).all([...values]) as Row[]);
  }

  /** Runs a statement; the number of rows that it changed. */
  run(sql: string, values: readonly SqlValue[] = []): number {
    // Always one array: libsql aborts the process where its only argument is a Buffer.
    return this.attempt(() => this.prepare(sql).run([...values]).changes);
  }

  /** Runs a text of several statements without values. */
  exec(sql: string): void {
    this.attempt(() => this.db.exec(sql));
  }

  /** Reads of one moment. */
  read<T>(work: () => T): T {
    return this.within('begin deferred', work);
  }

  /** All of `work` or nothing, on disk when this returns. Waits for other writers up to the busy timeout. */
  write<T>(work: () => T): T {
    return this.within('begin immediate', work);
  }

  /** A removal: as `write`, and what was removed is wiped from the file and its log; `what` names it in messages. */
  wipe<T>(what: string, work: () => T): T {
    const result = this.write(() => {
      this.markRemoval();
      return work();
    });
    this.wipeRemoved(what);
    return result;
  }

  /** In the transaction of a removal: from now on each opening wipes, until that is done; so a crash is made good. */
  markRemoval(): void {
    this.run('insert into purge (since) values (?)', [new Date().toISOString()]);
  }

  /** Behind the transaction of a removal: wipes what was removed. InputError that names it where that must wait. */
  wipeRemoved(what: string): void {
    const hindrance = this.purge();
    if (hindrance !== undefined) {
      throw new InputError(
        `${this.path}: ${what} is removed, but traces stay in the file until it is opened next: ${hindrance.message}`,
        { cause: hindrance },
      );
    }
  }

  /** Closes the connection, the log emptied into the file so that this can be copied alone, if nobody else is at it. */
  close(): void {
    if (!this.db.open) return;
    this.exec('pragma busy_timeout = 0');
    this.query('pragma wal_checkpoint(truncate)');
    this.statements.clear();
    this.db.close();
  }

  /**
   * Rewrites the file and empties the log. secure_delete has overwritten the deleted rows; in the rewritten file there
   * is no page either that held them before it was split or merged. Returns what was in the way: another program
   * that reads or writes, or the disk.
   */
  private purge(): InputError | undefined {
    try {
      this.exec('vacuum');
      this.emptyLog();
      this.run('delete from purge');
      this.emptyLog();
      return undefined;
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  }

  private emptyLog(): void {
    const [row] = this.query<[busy: number, frames: number, moved: number]>(
      'pragma wal_checkpoint(truncate)',
    );
    if (row![0] !== 0) {
      throw new InputError(
        `${this.path}: another program has been reading the ${this.noun} for ${this.busyTimeout / 1000} s`,
      );
    }
  }

  private configure(): void {
    const [mode] = this.query<[string]>('pragma journal_mode = wal');
    if (mode![0] !== 'wal') {
      throw new InputError(
        `${this.path}: the file system has no write-ahead log (${mode![0]}); use a local disk`,
      );
    }
    // Every commit reaches the disk before it is acknowledged.
    this.exec('pragma synchronous = full');
    this.exec('pragma foreign_keys = on');
    this.query('pragma secure_delete = on');
    // Rewriting makes a copy of all rows for a moment: in memory, not in a folder for temporary files.
    this.exec('pragma temp_store = memory');
  }

  private within<T>(begin: string, work: () => T): T {
    this.exec(begin);
    try {
      const result = work();
      this.exec('commit');
      return result;
    } catch (error) {
      // A full disk ends the transaction by itself.
      if (this.db.inTransaction) this.exec('rollback');
      throw error;
    }
  }

  private prepare(sql: string): Libsql.Statement {
    let statement = this.statements.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql);
      if (statement.reader) statement.raw();
      this.statements.set(sql, statement);
    }
    return statement;
  }

  private attempt<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw explain(error, this.path, this.busyTimeout, this.noun);
    }
  }
}

async function checkFile(path: string, create: boolean, noun: string): Promise<void> {
  const folder = dirname(resolve(path));
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && create) return undefined;
    throw new InputError(`${path}: ${error.code === 'ENOENT' ? `there is no ${noun}` : reasonOf(error)}`, {
      cause: error,
    });
  });
  if (found?.isDirectory()) throw new InputError(`${path}: is a folder, a ${noun} is one file`);
  if (found && !found.isFile()) throw new InputError(`${path}: is not a regular file`);
  await access(folder, constants.R_OK | constants.W_OK).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: the folder ${folder} ${reasonOf(error)}; a ${noun} keeps its log there`, {
      cause: error,
    });
  });
  // Names and faces are nobody else's business: made readable for the owner only, and the log follows the file.
  const flags = found ? 'r+' : 'a+';
  const file = await open(path, flags, 0o600).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: ${reasonOf(error)}; a ${noun} must be readable and writable`, {
      cause: error,
    });
  });
  try {
    const head = Buffer.alloc(MAGIC.length);
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    if (bytesRead > 0 && head.toString('latin1') !== MAGIC) {
      throw new InputError(`${path}: is no ${noun}: the file is not a SQLite database`);
    }
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isBusy(error: unknown): boolean {
  const cause = error instanceof InputError ? error.cause : error;
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(cause));
}

/** What is in the way, in a line; what is no matter of file, disk or lock comes back as it is. */
function explain(error: unknown, path: string, busyTimeout: number, noun: string): unknown {
  const code = codeOf(error);
  const [, kind = ''] = /^SQLITE_([A-Z]+)/.exec(code) ?? [];
  const text: Record<string, string> = {
    BUSY: `another program has been writing to the ${noun} for ${busyTimeout / 1000} s; try again when it is done`,
    LOCKED: `another program has been writing to the ${noun} for ${busyTimeout / 1000} s; try again when it is done`,
    FULL: 'the disk is full; nothing was changed',
    READONLY: `the ${noun} cannot be written`,
    NOTADB: `is no ${noun}: the file is not a SQLite database`,
    CORRUPT: `the file is damaged (${code}); restore it from a copy or an export`,
    CANTOPEN: `the ${noun} or its log cannot be opened`,
    IOERR: `reading or writing failed (${code})`,
    PERM: `the ${noun} cannot be opened: permission denied`,
  };
  const known = text[kind];
  if (known !== undefined) return new InputError(`${path}: ${known}`, { cause: error });
  if (error instanceof Error && error.message.startsWith('ConnectionFailed')) {
    return new InputError(`${path}: the ${noun} cannot be opened`, { cause: error });
  }
  return error;
}
