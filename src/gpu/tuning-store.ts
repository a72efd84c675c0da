// Tuning tables in the platform's store: read, added to, thrown away; what cannot be read is set aside and told.
import { InputError } from '../base/errors.js';
import type { KeyValueStore } from '../platform/platform.js';
import {
  encodeTable,
  isSameAdapter,
  parseTable,
  type TuningEntry,
  type TuningTable,
  tableKey,
  withEntries,
} from './tuning-table.js';

/**
 * The stored table of the adapter and runtime that `empty` names; `empty` itself where there is none. A text that is
 * no such table is set aside, and `note` told of it in one line. InputError where the store cannot be used.
 */
export async function loadTable(
  store: KeyValueStore,
  empty: TuningTable,
  note: (line: string) => void,
): Promise<TuningTable> {
  const key = tableKey(empty);
  const text = await store.get(key);
  if (text === undefined) return empty;
  try {
    return checked(text, empty, store);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    note(`${error.message}; it is kept in ${await store.setAside(key)}, and tuning starts anew`);
    return empty;
  }
}

/** Adds entries to the stored table, in place of those of the same buckets; others' entries stay. Errors as `loadTable`. */
export async function saveEntries(
  store: KeyValueStore,
  empty: TuningTable,
  entries: readonly TuningEntry[],
  note: (line: string) => void,
): Promise<void> {
  // Sets aside what the update could not read.
  await loadTable(store, empty, note);
  await store.update(tableKey(empty), (text) =>
    encodeTable(withEntries(text === undefined ? empty : checked(text, empty, store), entries)),
  );
}

function checked(text: string, empty: TuningTable, store: KeyValueStore): TuningTable {
  const where = `the tuning table ${store.where(tableKey(empty))}`;
  const table = parseTable(text, where);
  if (!isSameAdapter(table, empty))
    throw new InputError(`${where}: is of another adapter, driver or version`);
  return table;
}
