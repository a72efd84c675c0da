// One picture, or every picture of a folder.
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { InputError } from '../../src/base/errors.js';
import { reasonOf } from '../node/overwrite.js';

export interface StylizeJob {
  readonly content: string;
  readonly output: string;
}

const PICTURE = /\.(jpe?g|png|webp|tiff?|avif|gif)$/i;

/** The pictures to make: content path -> output path. A folder goes to a folder, each name with `.png`. */
export async function listJobs(args: { content: string; output: string }): Promise<StylizeJob[]> {
  const place = await stat(args.content).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`content ${args.content} ${reasonOf(error)}`, { cause: error });
  });
  if (!place.isDirectory()) return [{ content: args.content, output: args.output }];
  const target = await stat(args.output).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(
      `${args.content} is a folder, so the output must be one: ${args.output} ${reasonOf(error)}`,
      { cause: error },
    );
  });
  if (!target.isDirectory())
    throw new InputError(`${args.content} is a folder, so the output must be one; ${args.output} is a file`);
  const names = (await readdir(args.content)).filter((name) => PICTURE.test(name)).sort();
  if (names.length === 0)
    throw new InputError(`the folder ${args.content} holds no JPEG, PNG, WebP, TIFF, AVIF or GIF`);
  const jobs = names.map((name) => ({
    content: join(args.content, name),
    output: join(args.output, `${basename(name, extname(name))}.png`),
  }));
  const twice = jobs.find((job, i) => jobs.findIndex((other) => other.output === job.output) !== i);
  if (twice) throw new InputError(`two pictures of ${args.content} would become ${twice.output}; rename one`);
  return jobs;
}
