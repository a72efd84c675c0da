// What the tests of downloads share.
import { expect } from 'vitest';
import { WeightsError } from '../../src/base/errors.js';

/** The one-line message of the WeightsError that `promise` must end with. */
export async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.fail('must fail'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WeightsError);
  const { message } = error as Error;
  expect(message).not.toContain('\n');
  return message;
}
