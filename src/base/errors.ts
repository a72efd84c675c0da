// Every error that Facet throws on purpose. A message says where, the rule, and the numbers.

/** Names of what users meet most; a page in another language has a sentence of its own for each. */
export type ErrorCode =
  | 'whole-range'
  | 'number-range'
  | 'one-of'
  | 'content-small'
  | 'picture-unreadable'
  | 'picture-small'
  | 'picture-large'
  | 'mask-shape'
  | 'mask-colours'
  | 'masks-missing'
  | 'masks-w2'
  | 'init-missing'
  | 'other-run'
  | 'size-limit'
  | 'memory-limit'
  | 'diverged'
  | 'passphrase'
  | 'no-face'
  | 'few-people'
  | 'no-threshold'
  | 'collection-missing'
  | 'collection-there'
  | 'person-missing'
  | 'person-there';

/** What an error says, as data: the names and numbers of its message. */
export interface ErrorFact {
  readonly code: ErrorCode;
  readonly values: Readonly<Record<string, string | number>>;
}

/** What an error is made with beside its message. */
export interface FacetErrorOptions extends ErrorOptions {
  readonly fact?: ErrorFact | undefined;
}

/** Base of all errors that Facet throws on purpose; anything else that escapes is a bug. */
export class FacetError extends Error {
  /** Said here, since bundlers shorten the names of classes; those below do the same. */
  static override readonly name: string = 'FacetError';
  /** The message as data, where it is one that pages translate or act upon. */
  readonly fact: ErrorFact | undefined;

  constructor(message: string, options?: FacetErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.fact = options?.fact;
  }
}

/** A tensor's shape breaks an op's rule. */
export class ShapeError extends FacetError {
  static override readonly name: string = 'ShapeError';
}

/** A shader or pipeline could not be built, or a dispatch was malformed. */
export class KernelError extends FacetError {
  static override readonly name: string = 'KernelError';
}

/** A weights file, manifest or download is wrong. */
export class WeightsError extends FacetError {
  static override readonly name: string = 'WeightsError';
}

/** The user's input (option, picture, path) cannot be used. */
export class InputError extends FacetError {
  static override readonly name: string = 'InputError';
}

/** The GPU device was lost; everything on it is gone. */
export class DeviceLostError extends FacetError {
  static override readonly name: string = 'DeviceLostError';
}

/** The adapter or the system cannot hold what was asked for. */
export class OutOfMemoryError extends FacetError {
  static override readonly name: string = 'OutOfMemoryError';
}
