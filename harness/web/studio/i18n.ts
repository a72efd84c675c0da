// What the studio says, in English and simplified Chinese. Keys are grouped by page; both tables have the same ones.
import { signal } from '@preact/signals';
import { FacetError } from '../../../src/base/errors.js';
import { en } from './text/en.js';
import { zh } from './text/zh.js';
import { classesZh, errorsZh, namesZh, otherZh } from './text/zh-errors.js';

export type TextKey = keyof typeof en;
export const LANGUAGES = { en: 'English', zh: '简体中文' } as const;
export type Language = keyof typeof LANGUAGES;
type Values = Readonly<Record<string, string | number>>;

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
export function t(key: TextKey, values: Values = {}): string {
  return filled(TABLES[language.value][key], values);
}

/**
 * What an error says in the chosen language: a sentence for its code, else its class. In English that is the message itself,
 * which everything in the library writes; elsewhere it is shown beside.
 */
export function faultText(error: Error): string {
  if (language.value === 'en') return error.message;
  if (!(error instanceof FacetError)) return otherZh;
  const { fact, name } = error;
  if (!fact) return classesZh[name] ?? otherZh;
  const values = Object.entries(fact.values).map(([key, value]) => [key, namesZh[value] ?? value] as const);
  return filled(errorsZh[fact.code], Object.fromEntries(values));
}

function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
