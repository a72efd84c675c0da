// `facet face detect`, `align` and `embed`: the stages from a picture to its vectors, one by one.
import { join, parse, resolve } from 'node:path';
import { Command } from 'commander';
import { InputError } from '../../src/base/errors.js';
import { findFaces } from '../../src/faces/read.js';
import { detectionModels } from '../node/faces/models.js';
import { type ListedPicture, listPictures } from '../node/faces/picture-list.js';
import { checkPicturePath, readPicture, writePicture } from '../node/pictures.js';
import { checkDraw, drawTo, makeFolder } from './face-draw.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  print,
  printJson,
} from './face-options.js';
import { FaceSession, forPictures, modelsOf, withPipeline } from './face-session.js';

interface DetectArguments extends FindArguments {
  draw?: string;
  force?: boolean;
  json?: boolean;
}

/** The sub-command `detect`. */
export function detectCommand(): Command {
  const command = new Command('detect')
    .description('find faces: boxes, 68 landmarks and quality; exit code 1 where a picture shows none')
    .argument('<pictures...>', 'files, folders, or patterns as "photos/*.jpg"')
    .option('--draw <path>', 'draw boxes and landmarks: a file for one picture, a folder for several')
    .option('--force', 'replace drawings that exist')
    .option('--json', 'print JSON');
  return findOptions(command, 'all').action(async (paths: string[], args: DetectArguments) => {
    process.exitCode = await runDetect(paths, args);
  });
}

async function runDetect(paths: string[], args: DetectArguments): Promise<number> {
  const pictures = await listPictures(paths);
  const find = findArguments(args, 'all');
  if (args.draw !== undefined) await checkDraw(args.draw, pictures, args);
  return withPipeline(detectionModels(), async (pipeline) => {
    const outcome = await forPictures(pictures, async ({ path, relative }) => {
      const picture = await readPicture(path);
      const { faces } = await findFaces(pipeline, picture, find);
      if (args.draw !== undefined) {
        const marks = faces.map(({ box, landmarks }) => ({
          box,
          landmarks,
          label: box.score.toFixed(2),
        }));
        await drawTo(args.draw, picture, marks, relative, pictures.length, args);
      }
      if (!args.json) {
        print(`${path}  ${faces.length} ${faces.length === 1 ? 'face' : 'faces'}`);
        for (const { box, quality } of faces) {
          const { pose } = quality;
          print(
            `  ${box.width.toFixed(0)}x${box.height.toFixed(0)} at ${box.x.toFixed(0)},${box.y.toFixed(0)}  score ${box.score.toFixed(3)}  eyes ${quality.eyeDistance.toFixed(0)} px  yaw ${pose.yaw.toFixed(0)} pitch ${pose.pitch.toFixed(0)} roll ${pose.roll.toFixed(0)}  sharpness ${quality.sharpness.toFixed(0)}`,
          );
        }
      }
      return { path, width: picture.width, height: picture.height, faces };
    });
    if (args.json) printJson({ pictures: outcome.results, failures: outcome.failures });
    if (outcome.failed) return 2;
    return outcome.results.some(({ faces }) => faces.length === 0) ? 1 : 0;
  });
}

interface AlignArguments extends FindArguments, NetArguments {
  output: string;
  force?: boolean;
  json?: boolean;
}

/** The sub-command `align`. */
export function alignCommand(): Command {
  const command = new Command('align')
    .description(
      "cut faces out as a net wants them: dlib's 150 px for resnet34, OpenFace's 96 px for nn4.small2",
    )
    .argument('<pictures...>', 'files, folders, or patterns as "photos/*.jpg"')
    .requiredOption('-o, --output <dir>', 'folder to write to; folders of the input are kept')
    .option('--force', 'replace files that exist')
    .option('--json', 'print JSON');
  findOptions(command, 'largest');
  return netOptions(command).action(async (paths: string[], args: AlignArguments) => {
    process.exitCode = await runAlign(paths, args);
  });
}

async function runAlign(paths: string[], args: AlignArguments): Promise<number> {
  if (args.aligned) throw new InputError('--aligned says that there is nothing to align');
  const pictures = await listPictures(paths);
  const models = await modelsOf(args);
  const write = args.force ? { force: true } : {};
  return FaceSession.run(models, args, findArguments(args, 'largest'), async (session) => {
    const outcome = await forPictures(pictures, async (picture) => {
      const { faces } = await session.chips(picture.path);
      const files: string[] = [];
      for (const [i, { chip }] of faces.entries()) {
        const to = chipPath(args.output, picture, i);
        // Nor with --force: the picture would be lost.
        if (resolve(to) === resolve(picture.path)) {
          throw new InputError(`${to}: is the picture itself; write into another folder`);
        }
        await makeFolder(parse(to).dir);
        await checkPicturePath(to, write);
        await writePicture(to, chip, write);
        files.push(to);
        if (!args.json) print(to);
      }
      const { name, size } = models.pipeline.embedder.template;
      return { path: picture.path, template: name, size, files };
    });
    if (args.json) printJson({ pictures: outcome.results, failures: outcome.failures });
    return outcome.failed ? 2 : 0;
  });
}

/** `OUT/NAME/NAME_0001.png`, `…-2.png` for the second face. */
function chipPath(folder: string, { relative }: ListedPicture, face: number): string {
  const { dir, name } = parse(relative);
  return join(folder, dir, `${name}${face === 0 ? '' : `-${face + 1}`}.png`);
}

interface EmbedArguments extends FindArguments, NetArguments {
  json?: boolean;
}

/** The sub-command `embed`. */
export function embedCommand(): Command {
  const command = new Command('embed')
    .description('print the vectors of faces: 128 numbers of length 1 each')
    .argument('<pictures...>', 'files, folders, or patterns as "photos/*.jpg"')
    .option('--json', 'print JSON; else one line a face, the path and the numbers parted by tabs');
  findOptions(command, 'largest');
  return netOptions(command).action(async (paths: string[], args: EmbedArguments) => {
    process.exitCode = await runEmbed(paths, args);
  });
}

async function runEmbed(paths: string[], args: EmbedArguments): Promise<number> {
  const pictures = await listPictures(paths);
  const models = await modelsOf(args);
  return FaceSession.run(models, args, findArguments(args, 'largest'), async (session) => {
    const outcome = await forPictures(pictures, async ({ path }) => {
      const { faces } = await session.chips(path);
      const vectors = await session.embed(faces.map(({ chip }) => chip));
      if (!args.json) for (const vector of vectors) print([path, ...vector].join('\t'));
      return {
        path,
        faces: vectors.map((vector, i) => ({
          ...(faces[i]!.found ? { box: faces[i]!.found.box } : {}),
          embedding: Array.from(vector),
        })),
      };
    });
    if (args.json) printJson({ ...session.contract, pictures: outcome.results, failures: outcome.failures });
    return outcome.failed ? 2 : 0;
  });
}
