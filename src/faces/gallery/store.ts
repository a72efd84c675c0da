// A store of galleries: its collections by name. Where they are kept is the backend's matter.
import { InputError } from '../../base/errors.js';
import type { GalleryBackend } from './backend.js';
import { checked, checkName, checkTarget, contractSchema } from './checks.js';
import { Collection } from './collection.js';
import { decodeLines, type GalleryFile } from './lines.js';
import type { CollectionFacts, ModelContract } from './types.js';

/** What an import did. */
export interface ImportOutcome {
  readonly collection: string;
  readonly enrolled: number;
  /** Samples that were skipped because the collection has their crop. */
  readonly duplicates: number;
  /** Of these, the ones whose crop is there under another name. */
  readonly conflicts: readonly { readonly line: number; readonly person: string; readonly known: string }[];
}

/** A store of galleries. Every method rejects with InputError where the store refuses. */
export class GalleryStore {
  constructor(private readonly backend: GalleryBackend) {}

  /** As messages name the store, without a password. */
  get location(): string {
    return this.backend.location;
  }

  /** Makes a collection for embeddings of one contract; InputError where the name is taken. */
  async createCollection(name: string, contract: ModelContract): Promise<Collection> {
    const record = {
      name: checkName(name, 'collection'),
      contract: this.contract(contract),
      threshold: null,
      calibration: null,
      created: new Date().toISOString(),
    };
    if (!(await this.backend.create(record))) {
      throw new InputError(`${this.location}: there is a collection ${JSON.stringify(record.name)} already`, {
        fact: { code: 'collection-there', values: { name: record.name } },
      });
    }
    return new Collection(this.backend, record.name, record.contract);
  }

  /**
   * Opens a collection. With a contract other than its own InputError, which names both; without one it can be
   * listed, renamed in, removed from and exported, but embeddings are not compared.
   */
  async openCollection(name: string, contract?: ModelContract): Promise<Collection> {
    const target = {
      name: checkName(name, 'collection'),
      contract: contract === undefined ? null : this.contract(contract),
    };
    checkTarget(target, (await this.backend.find(target.name))?.contract, this.location);
    return new Collection(this.backend, target.name, target.contract);
  }

  /** All collections by name. */
  async listCollections(): Promise<readonly CollectionFacts[]> {
    return this.backend.list();
  }

  /** Removes a collection with all its people. */
  async deleteCollection(name: string): Promise<void> {
    const known = checkName(name, 'collection');
    if (!(await this.backend.drop(known))) {
      throw new InputError(`${this.location}: there is no collection ${JSON.stringify(known)}`, {
        fact: { code: 'collection-missing', values: { name: known } },
      });
    }
  }

  /**
   * Reads an export (JSON Lines; `where` names it in messages) into the collection of its name, or of `into`, which
   * is made if it is missing and must have the same contract. All or nothing. Known crops are skipped and counted; a
   * threshold that the collection has stays.
   */
  async importLines(
    lines: Iterable<string> | AsyncIterable<string>,
    where: string,
    options: { readonly into?: string } = {},
  ): Promise<ImportOutcome> {
    return this.importExport(await decodeLines(lines, where), where, options);
  }

  /** The same for an export that was read already. */
  async importExport(
    file: GalleryFile,
    where: string,
    options: { readonly into?: string } = {},
  ): Promise<ImportOutcome> {
    const name = options.into === undefined ? file.record.name : checkName(options.into, 'collection');
    const record = { ...file.record, name };
    const outcomes = await this.backend.insert({ name, contract: record.contract }, file.samples, {
      where: (i) => `${where}:${i + 2}`,
      create: record,
    });
    const duplicates = outcomes.flatMap((outcome, i) =>
      outcome.status === 'duplicate'
        ? [{ line: i + 2, person: file.samples[i]!.person, known: outcome.person }]
        : [],
    );
    return {
      collection: name,
      enrolled: outcomes.length - duplicates.length,
      duplicates: duplicates.length,
      conflicts: duplicates.filter(({ person, known }) => person !== known),
    };
  }

  /** Closes files and connections. */
  async close(): Promise<void> {
    await this.backend.close();
  }

  private contract(contract: ModelContract): ModelContract {
    return checked(contractSchema, contract, `${this.location}: the model contract`);
  }
}
