// IndexedDB in promises: a database, and work in one transaction that happens whole or not at all.
import { InputError } from '../../src/base/errors.js';

/** The result of one request. */
export function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Visits the keys of a cursor in order. */
export function eachKey(request: IDBRequest<IDBCursor | null>, visit: (cursor: IDBCursor) => void) {
  return new Promise<void>((resolve, reject) => {
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor) return resolve();
      visit(cursor);
      cursor.continue();
    };
  });
}

/** Opens a database, made by `upgrade` where it is new. Rejects with what the browser says. */
export function openDatabase(
  factory: IDBFactory,
  name: string,
  upgrade: (database: IDBDatabase) => void,
): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => upgrade(request.result);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Runs `work` in one transaction, which must await nothing but its requests; durable when this resolves. What `work`
 * throws undoes everything and is thrown on; InputError that begins with `place` where the database itself refuses.
 */
export async function transact<T>(
  database: IDBDatabase,
  place: string,
  stores: readonly string[],
  mode: IDBTransactionMode,
  work: (transaction: IDBTransaction) => Promise<T>,
): Promise<T> {
  const transaction = database.transaction([...stores], mode, { durability: 'strict' });
  const ended = new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
  });
  // Where `work` throws, its error is the one to tell; this one is looked at below.
  ended.catch(() => undefined);
  let result: T;
  try {
    result = await work(transaction);
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It had ended by itself, for the reason that was thrown.
    }
    throw error instanceof InputError ? error : refused(place, error);
  }
  await ended.catch((error: unknown) => {
    throw refused(place, error);
  });
  return result;
}

/** The browser's reason as an InputError. */
export function refused(place: string, error: unknown): InputError {
  const reason = (error as Error | null)?.message || 'the browser gives no reason';
  return new InputError(`${place}: could not be used: ${reason}`, { cause: error });
}
