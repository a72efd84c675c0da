// Pictures that the user drops, pastes or chooses.
import { type Chosen, content, contentMask, initImage, styles, trouble } from './state.js';

let nextId = 1000;

function pictures(files: Iterable<File>): File[] {
  return [...files].filter(({ type }) => type.startsWith('image/'));
}

/** A picture with an address to show it by; `before` gives its own back. */
function shown(file: File, before?: Chosen): Chosen {
  if (before) URL.revokeObjectURL(before.url);
  return { file, name: file.name, url: URL.createObjectURL(file) };
}

export function chooseContent(files: Iterable<File>): void {
  const [file, ...more] = pictures(files);
  if (!file) return;
  trouble.value = undefined;
  content.value = shown(file, content.value);
  if (more.length > 0) addStyles(more);
}

export function addStyles(files: Iterable<File>): void {
  const added = pictures(files).map((file) => ({
    ...shown(file),
    id: nextId++,
    share: 1,
  }));
  styles.value = [...styles.value, ...added];
}

export function removeStyle(id: number): void {
  const gone = styles.value.find((style) => style.id === id);
  for (const one of [gone, gone?.mask]) if (one) URL.revokeObjectURL(one.url);
  styles.value = styles.value.filter((style) => style.id !== id);
}

export function shareStyle(id: number, share: number): void {
  styles.value = styles.value.map((style) => (style.id === id ? { ...style, share } : style));
}

/** The mask of the content, or none. */
export function maskContent(file: File | undefined): void {
  contentMask.value = replaced(file, contentMask.value);
}

/** The mask of a style, or none. */
export function maskStyle(id: number, file: File | undefined): void {
  styles.value = styles.value.map((style) =>
    style.id === id ? { ...style, mask: replaced(file, style.mask) } : style,
  );
}

/** The picture that a run begins with, or none. */
export function beginWith(file: File | undefined): void {
  initImage.value = replaced(file, initImage.value);
}

function replaced(file: File | undefined, before: Chosen | undefined): Chosen | undefined {
  if (file) return shown(file, before);
  if (before) URL.revokeObjectURL(before.url);
  return undefined;
}

/** The first picture that is pasted is the content, later ones are styles. */
export function paste(event: ClipboardEvent): void {
  const files = pictures(event.clipboardData?.files ?? []);
  if (files.length === 0) return;
  event.preventDefault();
  if (content.value) addStyles(files);
  else chooseContent(files);
}
