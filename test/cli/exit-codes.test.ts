// What a failure makes the exit code; what cannot be used is in bad-input.test.ts and face-bad-input.test.ts.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { explainFailure } from '../../harness/cli/main.js';
import { DeviceLostError, InputError, OutOfMemoryError } from '../../src/base/errors.js';

let told: string;
beforeEach(() => {
  told = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

it.each([
  ['stylize', new DeviceLostError('the device was lost'), 1],
  ['face', new DeviceLostError('the device was lost'), 3],
  ['face', new InputError('no such file'), 2],
  ['face', new OutOfMemoryError('too large'), 2],
] as const)('facet %s, %s: one line, exit code %i', (command, error, code) => {
  expect(explainFailure(error, ['node', 'facet', command, 'verify'])).toBe(code);
  expect(told).toBe(`facet: ${error.message}\n`);
});

it('tells of what nobody thought of with its stack, and never as an answer of face', () => {
  expect(explainFailure(new RangeError('here'), ['node', 'facet', 'face', 'identify'])).toBe(3);
  expect(told).toMatch(/^facet: internal error, please report it:\nRangeError: here\n\s+at /);
  expect(explainFailure('a text', ['node', 'facet', 'doctor'])).toBe(1);
});
