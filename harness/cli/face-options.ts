// Options that the sub-commands of `facet face` share.
import type { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { FACE_POLICIES, type FacePolicy } from '../../src/faces/boxes.js';
import { SEARCH_DEPTHS, type SearchDepth } from '../../src/faces/detect.js';
import { EMBEDDER_NAMES } from '../../src/faces/models.js';
import { type FindOptions, MIN_FACE } from '../../src/faces/read.js';
import { oneOf, realNumber, wholeNumber } from './arguments.js';

/** How faces are found. */
export interface FindArguments {
  faces?: FacePolicy;
  minSize: number;
  minScore: number;
  inputSize?: number;
  search?: SearchDepth;
}

/** Which net embeds them. */
export interface NetArguments {
  net?: string | undefined;
  weights?: string | undefined;
  aligned?: boolean | undefined;
}

/** What --faces may be where a command takes one face of a picture: out of all it would be an arbitrary one. */
export const ONE_FACE: readonly FacePolicy[] = ['largest', 'centre'];

/** Adds the options of FindArguments; `faces` is what --faces is where it is not given, `policies` what it may be. */
export function findOptions(
  command: Command,
  faces: string,
  policies: readonly FacePolicy[] = FACE_POLICIES,
): Command {
  return command
    .optionsGroup('Finding faces:')
    .option('--faces <which>', `${policies.join(' | ')} (default: ${faces})`, oneOf('--faces', policies))
    .option('--min-size <px>', 'pass over smaller faces', realNumber('--min-size'), MIN_FACE)
    .option('--min-score <0..1>', 'how sure the detector must be', realNumber('--min-score'), 0.5)
    .option(
      '--input-size <px>',
      'one input size of the detector, a multiple of 32, instead of several',
      wholeNumber('--input-size'),
    )
    .option(
      '--search <depth>',
      `${SEARCH_DEPTHS.join(' | ')}: stop at the first size that shows a face, or try all (default: thorough for enroll and with --faces all)`,
      oneOf('--search', SEARCH_DEPTHS),
    );
}

/** Adds the options of NetArguments; `net` is what --net is where it is not given. */
export function netOptions(command: Command, net = EMBEDDER_NAMES[0]!): Command {
  return command
    .optionsGroup('Net:')
    .option('--net <name>', `${EMBEDDER_NAMES.join(' | ')} (default: ${net})`, oneOf('--net', EMBEDDER_NAMES))
    .option(
      '--weights <path>',
      "of nn4.small2: a safetensors file, or a folder with the course's conv1_w.csv …",
    )
    .option('--aligned', 'the pictures are aligned faces already: no detection, no landmarks');
}

/** What `findFaces` takes. */
export function findArguments(args: FindArguments, policy: FacePolicy): FindOptions {
  const { faces = policy, minSize, minScore, inputSize, search } = args;
  if (minSize < 1) throw new InputError(`--min-size must be at least 1, got ${minSize}`);
  return {
    policy: faces,
    minSize,
    minScore,
    ...(inputSize === undefined ? {} : { inputSize }),
    ...(search === undefined ? {} : { search }),
  };
}

/** A line on standard output. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** A line on standard error. */
export function warn(text: string): void {
  process.stderr.write(`facet: ${text}\n`);
}

/** JSON as all sub-commands print it. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}
