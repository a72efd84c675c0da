// Transactions on a SQLite file whose work is asynchronous, and SQL that PostgreSQL understands too.
import type { LibsqlDatabase, SqlValue } from './libsql-database.js';

/**
 * By file, what ends when the last transaction of this process so far has. SQLite blocks the thread while it waits for
 * another connection's lock, which in one process would wait for itself.
 */
const TURNS = new Map<string, Promise<unknown>>();

/**
 * All of `work` or nothing, behind the transactions of this process that were asked for on the same file. `work` waits for
 * nothing but its statements, which are done at once: whoever else is in this process must not find it in between.
 */
export function inTurn<T>(
  db: LibsqlDatabase,
  begin: 'begin deferred' | 'begin immediate',
  work: () => Promise<T>,
): Promise<T> {
  const turn = () => transaction(db, begin, work);
  const result = (TURNS.get(db.path) ?? Promise.resolve()).then(turn, turn);
  TURNS.set(db.path, result);
  return result;
}

/** Closes the connection behind what it still does. */
export async function closeInTurn(db: LibsqlDatabase): Promise<void> {
  await TURNS.get(db.path)?.catch(() => undefined);
  db.close();
}

/** Runs a statement whose parameters are $1, $2 … */
export function runPortable<Row extends unknown[]>(
  db: LibsqlDatabase,
  sql: string,
  values: readonly (Exclude<SqlValue, Buffer> | Uint8Array)[],
): Row[] {
  const given = values.map((value) => (value instanceof Uint8Array ? Buffer.from(value) : value));
  const text = sql.replace(/\$(\d+)/g, '?$1');
  if (/^\s*select\b|\breturning\b/i.test(text)) return db.query<Row>(text, given);
  db.run(text, given);
  return [];
}

async function transaction<T>(db: LibsqlDatabase, begin: string, work: () => Promise<T>): Promise<T> {
  db.exec(begin);
  try {
    const result = await work();
    db.exec('commit');
    return result;
  } catch (error) {
    try {
      db.exec('rollback');
    } catch {
      // A full disk has ended the transaction by itself; the error to tell is the first.
    }
    throw error;
  }
}
