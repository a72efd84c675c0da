// Every error that Facet throws on purpose. A message says where, the rule, and the numbers.

/** Base of all errors that Facet throws on purpose; anything else that escapes is a bug. */
export class FacetError extends Error {
  /** Said here, since bundlers shorten the names of classes; those below do the same. */
  static override readonly name: string = 'FacetError';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
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
