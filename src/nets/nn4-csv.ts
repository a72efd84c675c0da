// nn4.small2's weights as the course "Convolutional Neural Networks" hands them out: a folder of text files, one for
// each tensor, `NAME_w.csv` and `NAME_b.csv` of a layer and also `NAME_m.csv` and `NAME_v.csv` of a batch normalisation,
// with the numbers in row-major order (filters [K,C,R,S]), parted by commas or line ends.
import { WeightsError } from '../base/errors.js';
import { formatShape, type Shape, sizeOf } from '../base/shape.js';
import type { WeightTensor } from './manifest.js';
import { nn4Small2Pairs } from './nn4-small2.js';

/** A file of the folder, the tensor that it holds, and that tensor's shape. */
export interface Nn4CsvFile {
  readonly file: string;
  readonly tensor: string;
  readonly shape: Shape;
}

/** The file by which such a folder is known. */
export const NN4_CSV_FIRST = 'conv1_w.csv';

/** All files of the folder: 37 layers with their batch normalisations and the dense one. */
export function nn4CsvFiles(): Nn4CsvFile[] {
  const files: Nn4CsvFile[] = [];
  for (const { conv, norm, shape } of nn4Small2Pairs()) {
    const outputs = [shape[0]!];
    files.push({ file: `${conv}_w.csv`, tensor: `${conv}.weight`, shape });
    files.push({ file: `${conv}_b.csv`, tensor: `${conv}.bias`, shape: outputs });
    files.push({ file: `${norm}_w.csv`, tensor: `${norm}.weight`, shape: outputs });
    files.push({ file: `${norm}_b.csv`, tensor: `${norm}.bias`, shape: outputs });
    files.push({ file: `${norm}_m.csv`, tensor: `${norm}.running_mean`, shape: outputs });
    files.push({ file: `${norm}_v.csv`, tensor: `${norm}.running_var`, shape: outputs });
  }
  files.push({ file: 'dense_w.csv', tensor: 'dense.weight', shape: [128, 736] });
  files.push({ file: 'dense_b.csv', tensor: 'dense.bias', shape: [128] });
  return files;
}

/**
 * The tensors of a folder by name, for `foldNn4Small2`. `read(file)` gives the text of one of its files, undefined where
 * it is missing. WeightsError, naming the folder `where` and the file, for one that is missing, has another count of
 * numbers than its shape, or holds anything but finite numbers.
 */
export function readNn4Csv(
  read: (file: string) => string | undefined,
  where: string,
): Map<string, WeightTensor> {
  const files = nn4CsvFiles();
  const tensors = new Map<string, WeightTensor>();
  for (const { file, tensor, shape } of files) {
    const text = read(file);
    if (text === undefined) {
      throw new WeightsError(`${where}: ${file} is missing, one of the ${files.length} files of nn4.small2`);
    }
    tensors.set(tensor, { shape, values: numbersOf(text, shape, `${where}: ${file}`) });
  }
  return tensors;
}

function numbersOf(text: string, shape: Shape, where: string): Float32Array {
  const words = text
    .replace(/^\uFEFF/, '')
    .split(/[\s,;]+/)
    .filter((word) => word !== '');
  if (words.length !== sizeOf(shape)) {
    throw new WeightsError(
      `${where} must hold ${sizeOf(shape)} numbers for ${formatShape(shape)}, it has ${words.length}`,
    );
  }
  return Float32Array.from(words, (word, i) => {
    const value = Number(word);
    if (Number.isFinite(Math.fround(value))) return value;
    throw new WeightsError(`${where}: number ${i + 1} must be finite in f32, it is ${JSON.stringify(word)}`);
  });
}
