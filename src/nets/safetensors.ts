// The safetensors format (https://github.com/huggingface/safetensors#format), read and written:
// 8 bytes header length (little-endian u64), a JSON header, then the tensors' bytes without holes.
// A file is untrusted: every number of the header is checked before it is used.
import { WeightsError } from '../base/errors.js';
import { bfloatToFloat, floatToBfloat, floatToHalf, halfToFloat } from '../base/half.js';
import { formatShape, type Shape, sizeOf } from '../base/shape.js';

/** Bytes per element of every dtype that the format knows. */
const BYTES_OF = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** A dtype as the header spells it. */
export type Dtype = keyof typeof BYTES_OF;

/** The dtypes that `tensorValues` and `writeSafetensors` handle. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

/** Where a tensor lies: `begin` and `end` count bytes from the start of the data section. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

/** A checked header; the data section starts at byte `dataStart` of the file and ends at `fileBytes`. */
export interface SafetensorsHeader {
  readonly metadata: Record<string, string>;
  readonly entries: Map<string, TensorEntry>;
  readonly dataStart: number;
  readonly fileBytes: number;
}

/** One tensor of a parsed file; `bytes` is a view, not a copy. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly bytes: Uint8Array;
}

/** A parsed file: its tensors by name, and the text pairs of its header. */
export interface Safetensors {
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, StoredTensor>;
}

/** The limit of the reference implementation. */
const MAX_HEADER_BYTES = 100_000_000;

/** How many bytes of a file hold its header, from the first eight of them. Throws WeightsError. */
export function headerBytes(prefix: Uint8Array, where: string): number {
  if (prefix.byteLength < 8) {
    throw new WeightsError(
      `${where}: a safetensors file starts with 8 bytes of header length, got ${prefix.byteLength}`,
    );
  }
  const length = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true);
  if (length < 2n || length > BigInt(MAX_HEADER_BYTES)) {
    throw new WeightsError(
      `${where}: not a safetensors file: header length must be 2 to ${MAX_HEADER_BYTES} bytes, got ${length}`,
    );
  }
  return 8 + Number(length);
}

/**
 * Reads and checks the header from the first bytes of a file of `fileBytes` bytes in all (at least
 * `headerBytes(prefix)` of them must be given). Throws WeightsError.
 */
export function parseHeader(prefix: Uint8Array, where: string, fileBytes: number): SafetensorsHeader {
  const dataStart = headerBytes(prefix, where);
  if (dataStart > Math.min(prefix.byteLength, fileBytes)) {
    throw new WeightsError(
      `${where}: the header ends at byte ${dataStart}, the file after ${Math.min(prefix.byteLength, fileBytes)}`,
    );
  }
  const json = parseJson(prefix.subarray(8, dataStart), where);
  const { __metadata__: rawMetadata, ...tensors } = json;
  const metadata = checkMetadata(rawMetadata, where);
  const entries = new Map<string, TensorEntry>();
  for (const [name, entry] of Object.entries(tensors)) entries.set(name, checkEntry(name, entry, where));
  checkCoverage(entries, fileBytes - dataStart, where);
  return { metadata, entries, dataStart, fileBytes };
}

/** Reads a whole file; tensors are views into `input`. Throws WeightsError naming `where`, tensor and rule. */
export function parseSafetensors(input: ArrayBuffer | Uint8Array, where: string): Safetensors {
  const file = input instanceof Uint8Array ? input : new Uint8Array(input);
  const header = parseHeader(file, where, file.byteLength);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, { dtype, shape, begin, end }] of header.entries) {
    tensors.set(name, {
      dtype,
      shape,
      bytes: file.subarray(header.dataStart + begin, header.dataStart + end),
    });
  }
  return { metadata: header.metadata, tensors };
}

/** Whether `tensorValues` can read this dtype. */
export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** The values of an F32, F16 or BF16 tensor, row-major, widened exactly to f32 (a copy). Throws WeightsError. */
export function tensorValues(tensor: StoredTensor, where = 'tensor'): Float32Array {
  if (!isFloatDtype(tensor.dtype)) {
    throw new WeightsError(`${where}: dtype must be F32, F16 or BF16, is ${tensor.dtype}`);
  }
  // The copy also aligns: a tensor may start at any byte. (Not `slice`: Node's Buffer has one that shares.)
  // Typed arrays are little-endian wherever WebGPU runs.
  const buffer = new Uint8Array(tensor.bytes).buffer;
  if (tensor.dtype === 'F32') return new Float32Array(buffer);
  const widen = tensor.dtype === 'F16' ? halfToFloat : bfloatToFloat;
  const narrow = new Uint16Array(buffer);
  const values = new Float32Array(narrow.length);
  // A loop, since from() with a mapping function takes several times as long.
  for (let i = 0; i < values.length; i++) values[i] = widen(narrow[i]!);
  return values;
}

/** A tensor to be written; `dtype` is F32 unless given, narrower ones round to nearest even. */
export interface WritableTensor {
  readonly shape: Shape;
  readonly values: Float32Array;
  readonly dtype?: FloatDtype;
}

/**
 * A safetensors file. The same content gives the same bytes: wider dtypes first (so that each tensor is
 * aligned), then by name. Throws WeightsError where `values` do not fill `shape`.
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, WritableTensor> | Record<string, WritableTensor>,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  const list: Iterable<[string, WritableTensor]> = isMap(tensors) ? tensors : Object.entries(tensors);
  const named = Array.from(list, ([name, { shape, values, dtype = 'F32' }]) => {
    if (name === '__metadata__') throw new WeightsError(`${name}: the format reserves this name`);
    if (values.length !== sizeOf(shape)) {
      throw new WeightsError(
        `${name}: ${formatShape(shape)} holds ${sizeOf(shape)} values, got ${values.length}`,
      );
    }
    return { name, shape, values, dtype };
  });
  named.sort((a, b) => BYTES_OF[b.dtype] - BYTES_OF[a.dtype] || compareText(a.name, b.name));

  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    const sorted = Object.entries(metadata).sort(([a], [b]) => compareText(a, b));
    header.push(['__metadata__', Object.fromEntries(sorted)]);
  }
  let offset = 0;
  for (const { name, shape, values, dtype } of named) {
    const end = offset + values.length * BYTES_OF[dtype];
    header.push([name, { dtype, shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces up to a multiple of 8 keep the data section aligned, as the format allows.
  const headerLength = Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + offset).fill(0x20, 8, 8 + headerLength);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(json, 8);
  let at = 8 + headerLength;
  for (const { values, dtype } of named) {
    file.set(encode(values, dtype), at);
    at += values.length * BYTES_OF[dtype];
  }
  return file;
}

function isMap<T>(tensors: ReadonlyMap<string, T> | Record<string, T>): tensors is ReadonlyMap<string, T> {
  return tensors instanceof Map;
}

function encode(values: Float32Array, dtype: FloatDtype): Uint8Array {
  if (dtype === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const narrow = dtype === 'F16' ? floatToHalf : floatToBfloat;
  const out = new Uint16Array(values.length);
  for (let i = 0; i < out.length; i++) out[i] = narrow(values[i]!);
  return new Uint8Array(out.buffer);
}

function parseJson(bytes: Uint8Array, where: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new WeightsError(`${where}: the header must be JSON in UTF-8: ${show((error as Error).message)}`, {
      cause: error,
    });
  }
  if (!isRecord(json)) throw new WeightsError(`${where}: the header must be a JSON object`);
  return json;
}

function checkMetadata(metadata: unknown, where: string): Record<string, string> {
  if (metadata === undefined) return {};
  if (!isRecord(metadata)) throw new WeightsError(`${where}: __metadata__ must map text to text`);
  const wrong = Object.entries(metadata).find(([, value]) => typeof value !== 'string');
  if (wrong)
    throw new WeightsError(
      `${where}: __metadata__ key ${show(wrong[0])} must be text, is ${typeof wrong[1]}`,
    );
  return metadata as Record<string, string>;
}

function checkEntry(name: string, entry: unknown, where: string): TensorEntry {
  const at = `${where}: tensor ${show(name)}`;
  if (!isRecord(entry)) throw new WeightsError(`${at}: must be an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(BYTES_OF, dtype)) {
    throw new WeightsError(
      `${at}: dtype must be one of ${Object.keys(BYTES_OF).join(' ')}, is ${show(dtype)}`,
    );
  }
  if (!isCountList(shape)) {
    throw new WeightsError(`${at}: shape must list non-negative integers, is ${show(shape)}`);
  }
  if (!isCountList(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw new WeightsError(`${at}: data_offsets must be [begin,end] with begin <= end, is ${show(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const bytes = sizeOf(shape) * BYTES_OF[dtype as Dtype];
  if (bytes !== end - begin) {
    throw new WeightsError(
      `${at}: ${dtype} ${formatShape(shape)} takes ${bytes} bytes, data_offsets give ${end - begin}`,
    );
  }
  return { dtype: dtype as Dtype, shape, begin, end };
}

/** The tensors must tile the data section: no overlap, no hole, nothing past the end. */
function checkCoverage(entries: ReadonlyMap<string, TensorEntry>, dataBytes: number, where: string): void {
  const byBegin = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const [name, { begin, end }] of byBegin) {
    const at = `${where}: tensor ${show(name)}`;
    if (begin !== covered) {
      const fault = begin < covered ? 'overlaps the one before' : 'leaves a hole';
      throw new WeightsError(`${at} ${fault}: it begins at byte ${begin}, the one before ends at ${covered}`);
    }
    if (end > dataBytes)
      throw new WeightsError(`${at} ends at byte ${end}, the data at ${dataBytes}: file cut short?`);
    covered = end;
  }
  if (covered !== dataBytes) {
    throw new WeightsError(`${where}: the tensors take ${covered} bytes, the data section has ${dataBytes}`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCountList(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** What a file says, fit for one line of a message: quoted, escaped, cut. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'missing';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}

/** By code units: the same order on every machine, unlike localeCompare. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
