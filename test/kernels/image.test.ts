import { expect, it } from 'vitest';
import { imageToTensorFamily, tensorToImageFamily } from '../../harness/cases/image.js';
import { ShapeError } from '../../src/base/errors.js';
import { imageToTensor, tensorToImage } from '../../src/kernels/image.js';
import { ndarray } from '../../src/reference/array.js';
import { imageToTensorReference, tensorToImageReference } from '../../src/reference/image.js';
import { checkFamily } from './shared.js';

const attrs = { mean: [1, 0], std: [2, 0.5] };

it('image_to_tensor by hand, and back', () => {
  // Two pixels of two channels: (3, 1) and (5, 2).
  const x = ndarray([1, 2, 2], [3, 1, 5, 2]);
  const y = imageToTensorReference.forward({ x }, attrs);
  expect(y.shape).toEqual([1, 2, 1, 2]);
  expect([...y.data]).toEqual([1, 2, 2, 4]);
  expect([...tensorToImageReference.forward({ x: y }, attrs).data]).toEqual([...x.data]);
});

const rgb = { mean: [0, 0, 0], std: [1, 1, 1] };

it.each([
  [[8, 9], rgb, 'expected [H,W,C], got [8,9]'],
  [[8, 9, 5], rgb, 'a picture has 1 to 4 channels, got 5; x [8,9,5]'],
  [[8, 9, 4], rgb, '4 channels need as many means and stds, got 3 and 3; x [8,9,4]'],
  [[8, 9, 3], { ...rgb, std: [1, 0, 1] }, 'every std must be finite and not zero, got 1, 0, 1'],
])('image_to_tensor refuses %o with %o', (x, given, rule) => {
  expect(() => imageToTensor.output({ x }, given, 'input')).toThrow(
    new ShapeError(`image_to_tensor at input: ${rule}`),
  );
});

it('tensor_to_image refuses a batch', () => {
  expect(() => tensorToImage.output({ x: [2, 3, 8, 9] }, rgb, 'result')).toThrow(
    new ShapeError('tensor_to_image at result: one picture at a time, got [2,3,8,9]'),
  );
});

checkFamily(imageToTensorFamily);
checkFamily(tensorToImageFamily);
