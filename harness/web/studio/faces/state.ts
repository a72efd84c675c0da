// What the faces page shows, as signals; `control.ts` changes it.
import { computed, signal } from '@preact/signals';
import type { SearchDepth } from '../../../../src/faces/detect.js';
import type { TextKey } from '../i18n.js';
import type { SeenFace, SeenPicture } from './find-job.js';
import type { Held } from './gallery-jobs.js';

/** A picture that was put in. */
export interface FacePicture {
  readonly id: number;
  readonly name: string;
  readonly file: Blob;
  readonly url: string;
  readonly seen?: SeenPicture;
  readonly error?: Error;
}

/** How faces are looked for and judged. */
export interface FaceSettings {
  readonly search: SearchDepth;
  readonly minScore: number;
  /** Squared L2; undefined: the collection's or the net's. */
  readonly threshold: number | undefined;
  readonly landmarks: boolean;
  readonly keepCrops: boolean;
}

export const collection = signal('people');
export const settings = signal<FaceSettings>({
  search: 'first',
  minScore: 0.5,
  threshold: undefined,
  landmarks: true,
  keepCrops: true,
});
/** The latest first. */
export const pictures = signal<readonly FacePicture[]>([]);
export const chosen = signal<number | undefined>(undefined);
export const working = signal(false);
export const nets = signal<{ readonly received: number; readonly total: number } | undefined>(undefined);
export const held = signal<Held | undefined>(undefined);
/** What went wrong last: an error, or a text of the page. */
export const trouble = signal<
  Error | { readonly text: TextKey; readonly values?: Record<string, string> } | undefined
>(undefined);
/** Says what was done last, in the language of the page; for a screen reader too. */
export const news = signal<() => string>(() => '');

export const shown = computed(() => pictures.value.find(({ id }) => id === chosen.value));

/** A face of some picture, as one can choose it. */
export interface NamedFace {
  readonly key: string;
  readonly label: string;
  readonly face: SeenFace;
}

export const allFaces = computed<readonly NamedFace[]>(() =>
  pictures.value.flatMap(({ id, name, seen }) =>
    (seen?.faces ?? []).map((face, i) => ({
      key: `${id}:${i}`,
      label: `${name} · ${i + 1}${face.identified.person === null ? '' : ` · ${face.identified.person}`}`,
      face,
    })),
  ),
);
