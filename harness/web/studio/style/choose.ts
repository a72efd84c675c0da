// Pictures that the user drops, pastes or chooses.
import { content, styles, trouble } from './state.js';

let nextId = 1000;

/** Formats that every browser with WebGPU reads. */
export const ACCEPT = 'image/png,image/jpeg,image/webp,image/avif,image/gif';

function pictures(files: Iterable<File>): File[] {
  return [...files].filter(({ type }) => type.startsWith('image/'));
}

export function chooseContent(files: Iterable<File>): void {
  const [file, ...more] = pictures(files);
  if (!file) return;
  trouble.value = undefined;
  if (content.value) URL.revokeObjectURL(content.value.url);
  content.value = { file, name: file.name, url: URL.createObjectURL(file) };
  if (more.length > 0) addStyles(more);
}

export function addStyles(files: Iterable<File>): void {
  const added = pictures(files).map((file) => ({
    id: nextId++,
    file,
    name: file.name,
    url: URL.createObjectURL(file),
    share: 1,
  }));
  styles.value = [...styles.value, ...added];
}

export function removeStyle(id: number): void {
  const gone = styles.value.find((style) => style.id === id);
  if (gone) URL.revokeObjectURL(gone.url);
  styles.value = styles.value.filter((style) => style.id !== id);
}

export function shareStyle(id: number, share: number): void {
  styles.value = styles.value.map((style) => (style.id === id ? { ...style, share } : style));
}

/** The first picture that is pasted is the content, later ones are styles. */
export function paste(event: ClipboardEvent): void {
  const files = pictures(event.clipboardData?.files ?? []);
  if (files.length === 0) return;
  event.preventDefault();
  if (content.value) addStyles(files);
  else chooseContent(files);
}
