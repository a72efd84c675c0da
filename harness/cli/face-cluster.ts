// `facet face cluster`: which of many pictures show the same people, when nobody is named.
import { Command } from 'commander';
import { clusterEmbeddings } from '../../src/faces/cluster.js';
import { listPictures } from '../node/faces/picture-list.js';
import { realNumber, wholeNumber } from './arguments.js';
import { judgementOf } from './face-database.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  print,
  printJson,
} from './face-options.js';
import { FaceSession, forPictures, modelsOf } from './face-session.js';

interface ClusterArguments extends FindArguments, NetArguments {
  threshold?: number;
  seed: number;
  json?: boolean;
}

/** The sub-command `cluster`. */
export function clusterCommand(): Command {
  const command = new Command('cluster')
    .description('group the faces of pictures by person, without names')
    .argument('<pictures...>', 'files, folders, or patterns as "photos/*.jpg"')
    .option(
      '--threshold <d>',
      'squared L2 below which two faces may be one person',
      realNumber('--threshold'),
    )
    .option('--seed <n>', 'order of the visits; the same gives the same groups', wholeNumber('--seed'), 0)
    .option('--json', 'print JSON');
  findOptions(command, 'all');
  return netOptions(command).action(async (paths: string[], args: ClusterArguments) => {
    process.exitCode = await runCluster(paths, args);
  });
}

async function runCluster(paths: string[], args: ClusterArguments): Promise<number> {
  const pictures = await listPictures(paths);
  const models = await modelsOf(args);
  const { threshold } = judgementOf(models, 'search', undefined, args.threshold);
  return FaceSession.run(models, args, findArguments(args, 'all'), async (session) => {
    const outcome = await forPictures(pictures, async ({ path }) => {
      const { faces } = await session.chips(path);
      const embeddings = await session.embed(faces.map(({ chip }) => chip));
      return faces.map(({ found }, i) => ({
        face: { path, ...(found ? { box: found.box } : {}) },
        embedding: embeddings[i]!,
      }));
    });
    const faces = outcome.results.flat();
    const { groups } = clusterEmbeddings(
      faces.map(({ embedding }) => embedding),
      { threshold, seed: args.seed },
    );
    const people = groups.map((members) => members.map((i) => faces[i]!.face));
    if (args.json)
      printJson({ net: session.contract.net, threshold, groups: people, failures: outcome.failures });
    else {
      for (const [i, members] of people.entries()) {
        print(`group ${i + 1}: ${members.length} ${members.length === 1 ? 'face' : 'faces'}`);
        for (const { path, box } of members) {
          print(`  ${path}${box ? `  at ${box.x.toFixed(0)},${box.y.toFixed(0)}` : ''}`);
        }
      }
    }
    return outcome.failed ? 2 : 0;
  });
}
