// Texts by name in an IndexedDB of the page's origin; a transaction keeps several tabs apart.
import { InputError } from '../base/errors.js';
import type { KeyValueStore } from './platform.js';

const TEXTS = 'texts';

/** The database `name`, opened by the first call; `factory` is the page's own unless said. */
export function indexedDbStore(name: string, factory: IDBFactory = indexedDB): KeyValueStore {
  const place = `IndexedDB ${name}`;
  let opened: Promise<IDBDatabase> | undefined;
  const database = () => {
    opened ??= open(factory, name).catch((error: unknown) => {
      // The next call may find the database free again.
      opened = undefined;
      throw failed(place, error);
    });
    return opened;
  };
  /** Runs `work` in one transaction; what it returns is valid once the transaction is done. */
  const transact = async <T>(
    mode: IDBTransactionMode,
    work: (texts: IDBObjectStore) => () => T,
  ): Promise<T> => {
    const transaction = (await database()).transaction(TEXTS, mode);
    return new Promise<T>((resolve, reject) => {
      let result: () => T;
      transaction.oncomplete = () => resolve(result());
      transaction.onabort = () => reject(failed(place, transaction.error));
      try {
        result = work(transaction.objectStore(TEXTS));
      } catch (error) {
        transaction.abort();
        reject(failed(place, error));
      }
    });
  };
  const get = (key: string) =>
    transact('readonly', (texts) => {
      const request = texts.get(key) as IDBRequest<string | undefined>;
      return () => request.result;
    });
  const update = async (key: string, change: (value: string | undefined) => string) => {
    let refused: unknown;
    try {
      await transact('readwrite', (texts) => {
        const request = texts.get(key) as IDBRequest<string | undefined>;
        request.onsuccess = () => {
          try {
            texts.put(change(request.result), key);
          } catch (error) {
            refused = error;
            texts.transaction.abort();
          }
        };
        return () => undefined;
      });
    } catch (error) {
      throw refused ?? error;
    }
  };
  return {
    where: (key) => `${place}, ${key}`,
    get,
    set: (key, value) => update(key, () => value),
    update,
    delete: async (key) => {
      await transact('readwrite', (texts) => {
        texts.delete(key);
        return () => undefined;
      });
    },
    setAside: async (key) => {
      const aside = `${key}.damaged-${crypto.randomUUID().slice(0, 8)}`;
      await transact('readwrite', (texts) => {
        const request = texts.get(key) as IDBRequest<string | undefined>;
        request.onsuccess = () => {
          if (request.result !== undefined) texts.put(request.result, aside);
          texts.delete(key);
        };
        return () => undefined;
      });
      return `${place}, ${aside}`;
    },
  };
}

function open(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TEXTS);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function failed(place: string, error: unknown): InputError {
  return new InputError(`${place} could not be used: ${(error as Error | null)?.message ?? 'unknown'}`, {
    cause: error,
  });
}
