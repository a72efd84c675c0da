// The embedded gallery against brute force in float64, end to end: vectors into a file, the file read, candidates from
// the GPU, ranked again; and how long each step takes.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GpuNearest } from '../src/faces/gallery/gpu-nearest.js';
import type { Identification } from '../src/faces/gallery/rank.js';
import { DIMENSION, type ModelContract } from '../src/faces/gallery/types.js';
import type { Device } from '../src/gpu/device.js';
import { bruteForce, disagreement, type MadeGallery, makeGallery } from './gallery-data.js';
import { openGalleryFile } from './node/gallery/libsql-store.js';

/** How large the check is. */
export interface GalleryCheckOptions {
  readonly vectors: number;
  readonly probes: number;
  /** Told what begins. */
  readonly onStep?: (text: string) => void;
}

/** ms by the clock on the wall, and of processors, a software adapter's among them, which other programs disturb less. */
export interface Time {
  readonly wall: number;
  readonly cpu: number;
}

/** What came out. */
export interface GalleryCheck {
  readonly vectors: number;
  readonly people: number;
  readonly probes: number;
  /** Probes whose name, candidates, distances or order differ from brute force, each in a line. */
  readonly disagreements: readonly string[];
  /** Probes whose nearest two people are at the same distance, and at distances less than 10⁻⁶ apart. */
  readonly ties: number;
  readonly nearTies: number;
  /** Probes that were named, the others are unknown. */
  readonly named: number;
  /** The largest relative difference of a distance. */
  readonly error: number;
  readonly fileBytes: number;
  /** Samples a second, by so many in one transaction. */
  readonly enrolled: { readonly by: number; readonly perSecond: number }[];
  /** A file that is opened, and one probe identified by reading it through, without the GPU. */
  readonly firstFromFile: Time;
  /** Reading the whole file. */
  readonly snapshot: Time;
  /** The copy to the GPU and the first probe, pipelines included. */
  readonly firstOnGpu: Time;
  /** Per probe: one after the other, all at once, and by float64 alone. */
  readonly perProbe: { readonly alone: Time; readonly together: Time; readonly float64: Time };
}

const CONTRACT: ModelContract = {
  net: 'resnet34',
  weights: createHash('sha256').update('made up').digest('hex'),
  template: 'dlib-150',
  dimension: DIMENSION,
};
const K = 5;
/** Between the vectors of one person, at about 0.28, and those of strangers, above 1. */
const THRESHOLD = 0.5;
/** Samples of a transaction: as `face enroll` and as imports have them. */
const BATCHES = [16, 1000] as const;
/** Of the first kind, since each waits for the disk. */
const BY_FEW = 1600;
/** Probes that are also timed without the GPU, and one after the other. */
const FEW = 50;

/** Enrols `vectors` made-up samples in a new file in a temporary folder and identifies `probes` probes on `device`. */
export async function checkGallery(device: Device, options: GalleryCheckOptions): Promise<GalleryCheck> {
  const { vectors, probes, onStep = () => {} } = options;
  onStep(`making ${vectors} vectors`);
  const made = makeGallery(vectors, probes);
  const folder = await mkdtemp(join(tmpdir(), 'facet-gallery-'));
  const path = join(folder, 'faces.db');
  try {
    onStep('enrolling');
    const enrolled = await enrol(path, made);
    const fileBytes = (await stat(path)).size;
    onStep('searching');
    const { found, ...times } = await search(device, path, made);
    onStep(`comparing with brute force over ${vectors} vectors for each of ${probes} probes`);
    return {
      vectors,
      people: new Set(made.page.people).size,
      probes,
      ...compare(made, found),
      fileBytes,
      enrolled,
      ...times,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function enrol(path: string, { page }: MadeGallery): Promise<GalleryCheck['enrolled']> {
  const store = await openGalleryFile(path);
  const collection = await store.createCollection('people', CONTRACT);
  await collection.setThreshold(THRESHOLD);
  const [few, many] = BATCHES;
  const parts = [
    { by: few, from: 0, to: Math.min(BY_FEW, page.ids.length) },
    { by: many, from: Math.min(BY_FEW, page.ids.length), to: page.ids.length },
  ].filter(({ from, to }) => to > from);
  const rates: GalleryCheck['enrolled'] = [];
  for (const { by, from, to } of parts) {
    let spent = 0;
    for (let row = from; row < to; row += by) {
      const samples = Array.from({ length: Math.min(by, to - row) }, (_, i) => ({
        id: page.ids[row + i]!,
        person: page.people[row + i]!,
        embedding: page.vectors.slice((row + i) * DIMENSION, (row + i + 1) * DIMENSION),
        cropHash: createHash('sha256')
          .update(page.ids[row + i]!)
          .digest('hex'),
        source: `people/pictures/made-up/${page.ids[row + i]}.jpg`,
      }));
      const started = performance.now();
      await collection.enroll(samples);
      spent += performance.now() - started;
    }
    rates.push({ by, perSecond: (to - from) / (spent / 1000) });
  }
  await store.close();
  return rates;
}

async function search(
  device: Device,
  path: string,
  { probes }: MadeGallery,
): Promise<
  Pick<GalleryCheck, 'firstFromFile' | 'snapshot' | 'firstOnGpu' | 'perProbe'> & {
    found: Identification[];
  }
> {
  const first = await timed(async () => {
    const store = await openGalleryFile(path, { create: false });
    const collection = await store.openCollection('people', CONTRACT);
    await collection.identify(probes[0]!, { k: K });
    return { store, collection };
  });
  const { store, collection } = first.result;
  const { result: snapshot, ...read } = await timed(() => collection.snapshot());
  await store.close();
  const gpu = await timed(async () => {
    const opened = GpuNearest.open(device, snapshot.page.vectors);
    await snapshot.identify(probes[0]!, { k: K, nearest: opened.nearest });
    return opened;
  });
  const { nearest } = gpu.result;
  const few = probes.slice(0, FEW);
  const ask = (probe: Float32Array) => snapshot.identify(probe, { k: K, nearest });
  const alone = await timed(async () => {
    for (const probe of few) await ask(probe);
  });
  const together = await timed(() => Promise.all(probes.map(ask)));
  const float64 = await timed(async () => {
    for (const probe of few) await snapshot.identify(probe, { k: K });
  });
  await gpu.result.destroy();
  return {
    firstFromFile: per(first, 1),
    snapshot: read,
    firstOnGpu: per(gpu, 1),
    perProbe: {
      alone: per(alone, few.length),
      together: per(together, probes.length),
      float64: per(float64, few.length),
    },
    found: together.result,
  };
}

/** Every answer beside that of brute force. */
function compare(
  made: MadeGallery,
  found: readonly Identification[],
): Pick<GalleryCheck, 'disagreements' | 'ties' | 'nearTies' | 'named' | 'error'> {
  const disagreements: string[] = [];
  let [ties, nearTies, named, error] = [0, 0, 0, 0];
  for (const [i, probe] of made.probes.entries()) {
    const expected = bruteForce(made.page, probe, K);
    const difference = disagreement(found[i]!, expected, THRESHOLD);
    if (difference.text !== undefined) disagreements.push(`probe ${i}: ${difference.text}`);
    error = Math.max(error, difference.error);
    if (found[i]!.person !== null) named++;
    const gap = expected.length > 1 ? expected[1]!.distance - expected[0]!.distance : 1;
    if (gap === 0) ties++;
    else if (gap < 1e-6) nearTies++;
  }
  return { disagreements, ties, nearTies, named, error };
}

async function timed<T>(work: () => Promise<T>): Promise<Time & { readonly result: T }> {
  const before = process.cpuUsage();
  const started = performance.now();
  const result = await work();
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return { result, wall, cpu: (user + system) / 1000 };
}

function per({ wall, cpu }: Time, count: number): Time {
  return { wall: wall / count, cpu: cpu / count };
}
