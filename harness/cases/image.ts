import { imageToTensor, tensorToImage } from '../../src/kernels/image.js';
import { imageToTensorReference, tensorToImageReference } from '../../src/reference/image.js';
import { type CaseParams, family } from './family.js';

/** A different mean and standard deviation in every channel. */
function conventions(p: CaseParams) {
  const channels = p.number('C');
  return {
    mean: [0.485, 0.456, -0.406, 0].slice(0, channels),
    std: [0.229, 0.224, 0.225, -3].slice(0, channels),
  };
}

export const imageToTensorFamily = family({
  op: imageToTensor,
  reference: imageToTensorReference,
  build: (p) => ({ shapes: { x: [p.number('H'), p.number('W'), p.number('C')] }, attrs: conventions(p) }),
  cases: ['C=3;H=5;W=7', 'C=1;H=9;W=8', 'C=4;H=3;W=33', 'C=3;H=1;W=1'],
  gradients: ['C=3;H=2;W=3', 'C=4;H=2;W=2'],
  bench: ['C=3;H=512;W=512'],
});

export const tensorToImageFamily = family({
  op: tensorToImage,
  reference: tensorToImageReference,
  build: (p) => ({ shapes: { x: [1, p.number('C'), p.number('H'), p.number('W')] }, attrs: conventions(p) }),
  cases: ['C=3;H=5;W=7', 'C=1;H=9;W=8', 'C=4;H=3;W=33', 'C=3;H=1;W=1'],
  gradients: ['C=3;H=2;W=3', 'C=4;H=2;W=2'],
  bench: ['C=3;H=512;W=512'],
});
