// What the faces page does: pictures in turn, the gallery, files.
import { studioWorker } from '../gpu.js';
import { t } from '../i18n.js';
import type { SeenFace } from './find-job.js';
import type { Change } from './gallery-jobs.js';
import {
  chosen,
  collection,
  type FacePicture,
  type FaceSettings,
  held,
  nets,
  news,
  pictures,
  settings,
  shown,
  trouble,
  working,
} from './state.js';

/** Pictures that stay in the list; older ones are forgotten. */
const KEPT = 24;
let nextId = 1;

/** Runs what may fail; what went wrong is shown, and undefined returned. */
export async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  trouble.value = undefined;
  try {
    return await work();
  } catch (error) {
    trouble.value = error as Error;
    return undefined;
  }
}

/** Puts pictures in and looks for their faces, one after the other. */
export function addPictures(files: Iterable<File | { readonly name: string; readonly file: Blob }>): void {
  const added = [...files].flatMap((one): FacePicture[] => {
    const file = one instanceof File ? one : one.file;
    return file.type.startsWith('image/')
      ? [{ id: nextId++, name: one.name, file, url: URL.createObjectURL(file) }]
      : [];
  });
  if (added.length === 0) return;
  const all = [...added.toReversed(), ...pictures.value];
  for (const { url } of all.slice(KEPT)) URL.revokeObjectURL(url);
  pictures.value = all.slice(0, KEPT);
  chosen.value = added[0]!.id;
  void lookAtAll();
}

/** Looks for faces again in the shown picture, with the settings as they are now. */
export function lookAgain(): void {
  const picture = shown.value;
  if (!picture) return;
  const { seen: _seen, error: _error, ...fresh } = picture;
  replace(fresh);
  void lookAtAll();
}

async function lookAtAll(): Promise<void> {
  if (working.value) return;
  working.value = true;
  try {
    for (let next = nextPicture(); next; next = nextPicture()) replace(await looked(next));
  } finally {
    working.value = false;
    nets.value = undefined;
  }
}

/** The oldest that was not looked at. */
function nextPicture(): FacePicture | undefined {
  return pictures.value.findLast(({ seen, error }) => !seen && error === undefined);
}

async function looked(picture: FacePicture): Promise<FacePicture> {
  const { search, minScore, threshold } = settings.value;
  const { file, name } = picture;
  const params = { picture: file, name, search, minScore, collection: collection.value, threshold };
  try {
    const seen = await studioWorker().start('faceFind', params, (progress) => {
      nets.value = progress;
    }).result;
    return { ...picture, seen };
  } catch (error) {
    return { ...picture, error: error as Error };
  }
}

function replace(picture: FacePicture): void {
  pictures.value = pictures.value.map((one) => (one.id === picture.id ? picture : one));
}

/** Reads the gallery, and says anew who the faces of all pictures are. */
export async function refresh(): Promise<void> {
  await attempt(async () => {
    const job = studioWorker().start('faceGallery', { collection: collection.value }, (progress) => {
      nets.value = progress;
    });
    held.value = await job.result;
    nets.value = undefined;
    await nameAgain();
  });
}

async function nameAgain(): Promise<void> {
  for (const { id, seen } of pictures.value) {
    if (!seen || seen.faces.length === 0) continue;
    const identified = await studioWorker().call('faceIdentify', {
      collection: collection.value,
      embeddings: seen.faces.map(({ embedding }) => embedding),
      threshold: settings.value.threshold,
    });
    const faces = seen.faces.map((face, i) => ({ ...face, identified: identified[i]! }));
    const current = pictures.value.find((one) => one.id === id);
    if (current) replace({ ...current, seen: { ...seen, faces } });
  }
}

export function change(values: Partial<FaceSettings>): void {
  settings.value = { ...settings.value, ...values };
  if ('threshold' in values) void attempt(nameAgain);
}

export async function chooseCollection(name: string): Promise<void> {
  collection.value = name;
  await refresh();
}

/** Makes a collection that is kept, although nobody is in it. */
export async function createCollection(name: string): Promise<void> {
  await attempt(() => studioWorker().call('faceKeep', { collection: name, fitted: null }));
  if (trouble.value === undefined) await chooseCollection(name.trim());
}

export async function enroll(face: SeenFace, person: string, source: string): Promise<void> {
  const outcome = await attempt(() =>
    studioWorker().call('faceEnroll', {
      collection: collection.value,
      person,
      source,
      embedding: face.embedding,
      cropHash: face.cropHash,
      quality: face.facts,
      crop: settings.value.keepCrops ? face.chip : undefined,
    }),
  );
  if (!outcome) return;
  news.value = () =>
    t(outcome.status === 'enrolled' ? 'faces.enrolled' : 'faces.duplicate', {
      person: outcome.person,
    });
  await refresh();
}

/** Changes the gallery; true where that was done. */
export async function changeGallery(what: Change): Promise<boolean> {
  const name = collection.value;
  await attempt(() => studioWorker().call('faceChange', { collection: name, change: what }));
  const refused = trouble.value;
  await refresh();
  trouble.value ??= refused;
  return refused === undefined;
}

/** Gives the user a file of the collection. */
export async function exportGallery(passphrase: string | undefined): Promise<void> {
  const name = collection.value;
  const bytes = await attempt(() => studioWorker().call('faceExport', { collection: name, passphrase }));
  if (!bytes) return;
  const url = URL.createObjectURL(new Blob([bytes]));
  const link = document.createElement('a');
  link.href = url;
  link.download = passphrase === undefined ? `${name}.jsonl` : `${name}.facet-sealed`;
  link.click();
  // The download has begun by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

export async function importGallery(file: File, passphrase: string | undefined): Promise<void> {
  const { name } = file;
  const outcome = await attempt(() => studioWorker().call('faceImport', { file, name, passphrase }));
  if (!outcome) return;
  if (outcome === 'sealed') {
    trouble.value = { text: 'faces.passphraseNeeded', values: { name } };
    return;
  }
  const { enrolled, duplicates, conflicts } = outcome;
  news.value = () =>
    [
      t('faces.imported', { enrolled, duplicates, collection: outcome.collection }),
      ...(conflicts.length > 0 ? [t('faces.conflicts', { count: conflicts.length })] : []),
    ].join(' ');
  await chooseCollection(outcome.collection);
}

/** Pictures of the clipboard. */
export function paste(event: ClipboardEvent): void {
  const files = [...(event.clipboardData?.files ?? [])].filter(({ type }) => type.startsWith('image/'));
  if (files.length === 0 || location.hash !== '#/faces') return;
  event.preventDefault();
  addPictures(files);
}
