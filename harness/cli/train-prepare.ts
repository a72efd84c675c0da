// What `facet train face` does before the first step: lists people, aligns their faces, asks the teacher. All of it is kept.
import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { type FaceTemplate, OPENFACE_TEMPLATE, withMargin } from '../../src/faces/align.js';
import { NN4_SMALL2_SIDE } from '../../src/nets/nn4-small2.js';
import { cacheFolder } from '../../src/platform/node-paths.js';
import { detectionModels, digestOf, type FaceModels, loadFaceModels } from '../node/faces/models.js';
import { type Aligned, alignPeople, cropDetected, cropGiven } from '../node/training/align-people.js';
import { CropCache, type CropContract } from '../node/training/crop-cache.js';
import { listPeople, type Skipped } from '../node/training/people.js';
import { TeacherCache } from '../node/training/teacher-cache.js';
import { withPipeline } from './face-session.js';
import { interruptible } from './interrupt.js';
import { WorkBar } from './work-bar.js';

/** Pixels kept around a face on each side, for crops at random places. */
export const CROP_MARGIN = 4;
/** What crops are cut by. */
export const CROP_TEMPLATE: FaceTemplate = withMargin(OPENFACE_TEMPLATE, CROP_MARGIN);

export interface PrepareArguments {
  /** The pictures are aligned faces already. */
  aligned?: boolean;
  cache?: string;
  teacher?: string;
  quiet?: boolean;
}

/** Faces that are ready to train on; owns the caches. */
export interface PreparedFaces {
  readonly cache: CropCache;
  readonly aligned: Aligned;
  /** Complete, where a teacher was asked for. */
  readonly teacher: TeacherCache | undefined;
  /** Of the teacher's net and weights; undefined without one. */
  readonly teacherContract: FaceModels['contract'] | undefined;
  /** Ctrl-C came: what is there is not all. */
  readonly interrupted: boolean;
  close(): Promise<void>;
}

/** The folder of the cache where none is named: in the user's cache, one for each folder of people. */
export function defaultCache(folder: string, aligned: boolean): string {
  const place = resolve(folder);
  const digest = createHash('sha256').update(place).digest('hex').slice(0, 8);
  return join(cacheFolder(), 'training', `${basename(place)}-${digest}${aligned ? '-aligned' : ''}`);
}

/** Lists, aligns and embeds; stops in between where Ctrl-C comes, and goes on from there when called again. */
export async function prepareFaces(folder: string, args: PrepareArguments): Promise<PreparedFaces> {
  const given = args.aligned === true;
  const listing = await listPeople(folder);
  const models = args.teacher === undefined ? undefined : await loadFaceModels({ net: args.teacher });
  const cache = await CropCache.open(args.cache ?? defaultCache(folder, given), contractOf(given));
  let teacher: TeacherCache | undefined;
  const close = async () => {
    await teacher?.close();
    await cache.close();
  };
  try {
    let interrupted = false;
    const bar = new WorkBar('aligning', args.quiet === true);
    const aligned = await interruptible(bar, 'stopping; what is aligned stays', async (signal) => {
      const result = await alignPeople(
        cache,
        folder,
        listing,
        (work) =>
          given
            ? work(cropGiven(CROP_TEMPLATE, NN4_SMALL2_SIDE))
            : withPipeline(detectionModels(), (pipeline) => work(cropDetected(pipeline, CROP_TEMPLATE))),
        {
          progress: ({ done, total, skipped }) =>
            bar.update(done, total, skipped > 0 ? `, ${skipped} skipped` : ''),
          signal,
        },
      );
      interrupted = signal.aborted;
      return result;
    });
    if (models && !interrupted) {
      const { embedder } = models.pipeline;
      teacher = await TeacherCache.open(cache, embedder.name, models.contract.weights);
      interrupted = await askTeacher(teacher, models, folder, cache, aligned, args.quiet === true);
    }
    return { cache, aligned, teacher, teacherContract: models?.contract, interrupted, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** True where Ctrl-C came. */
async function askTeacher(
  teacher: TeacherCache,
  models: FaceModels,
  folder: string,
  cache: CropCache,
  aligned: Aligned,
  quiet: boolean,
): Promise<boolean> {
  const crops = aligned.people.flatMap((person) => person.crops);
  if (crops.every(({ sha256 }) => teacher.has(sha256))) return false;
  const bar = new WorkBar(`asking ${models.contract.net}`, quiet);
  return interruptible(bar, 'stopping; what the teacher said stays', async (signal) => {
    await withPipeline(models.pipeline, (pipeline) =>
      teacher.fill(pipeline, models.pipeline.embedder.template, folder, cache, crops, {
        progress: (done, total) => bar.update(done, total),
        signal,
      }),
    );
    return signal.aborted;
  });
}

function contractOf(given: boolean): CropContract {
  const { name: template, size: side } = CROP_TEMPLATE;
  if (given) return { template, side, source: 'given', nets: '' };
  const { detector, landmarks } = detectionModels();
  const nets = digestOf(new Map([...detector.tensors, ...landmarks.tensors]));
  return { template, side, source: 'detected', nets };
}

/** What was skipped, by reason: a count and the first of each, details of the reasons put aside. */
export function describeSkipped(skipped: readonly Skipped[]): string[] {
  const byReason = new Map<string, Skipped[]>();
  for (const one of skipped) {
    const key = one.reason.replace(/\d+x\d+ px/, 'the picture').split(': ')[0]!;
    byReason.set(key, [...(byReason.get(key) ?? []), one]);
  }
  return [...byReason].map(([reason, list]) => {
    const more = list.length > 1 ? ` and ${list.length - 1} more` : '';
    return `skipped ${list.length}: ${reason} (${list[0]!.path}${more})`;
  });
}
