// The studio's pages, in the order of their tabs. A page is loaded when it is first shown.
import type { ComponentType } from 'preact';
import type { TextKey } from './i18n.js';

export interface Page {
  /** The address behind `#/`. */
  readonly id: string;
  readonly title: TextKey;
  load(): Promise<ComponentType>;
}

export const PAGES: readonly Page[] = [
  { id: 'style', title: 'tab.style', load: async () => (await import('./style/page.js')).StylePage },
  { id: 'faces', title: 'tab.faces', load: async () => (await import('./faces/page.js')).FacesPage },
  { id: 'hood', title: 'tab.hood', load: async () => (await import('./hood/page.js')).HoodPage },
];
