// What the studio says, in English and simplified Chinese. Keys are grouped by page; both tables have the same ones.
import { signal } from '@preact/signals';
import { en } from './text/en.js';
import { zh } from './text/zh.js';

export type TextKey = keyof typeof en;
export const LANGUAGES = { en: 'English', zh: '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;

const TABLES: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { en, zh };
const STORED = 'facet-language';

/** The language of the page; kept over visits. */
export const language = signal<Language>(firstLanguage());

function firstLanguage(): Language {
  const kept = localStorage.getItem(STORED);
  if (kept === 'en' || kept === 'zh') return kept;
  return navigator.language.startsWith('zh') ? 'zh' : 'en';
}

export function chooseLanguage(next: Language): void {
  localStorage.setItem(STORED, next);
  language.value = next;
}

/** The text of a key in the chosen language; `{name}` is replaced by `values.name`. */
export function t(key: TextKey, values: Readonly<Record<string, string | number>> = {}): string {
  return TABLES[language.value][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole),
  );
}
