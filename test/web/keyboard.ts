// A person without a mouse: Tab, Shift+Tab, Enter, Space and the arrows, and what they see of the focus.
import type { Page } from 'playwright-core';

/** What has the focus. */
export interface Focused {
  /** As a screen reader says it. */
  readonly name: string;
  /** Tag and type. */
  readonly kind: string;
  /** Whether something of the page shows that it has the focus. */
  readonly seen: boolean;
  /** Its number among everything that the focus must reach; -1 for what it need not. */
  readonly at: number;
}

/** Everything that the focus must reach, in the page's order; a group of radio buttons is one. Numbers them for `focused`. */
export function reachable(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [tabindex="0"]',
    );
    const groups = new Set<string>();
    const names: string[] = [];
    for (const element of all) {
      delete element.dataset.at;
      if (!element.checkVisibility() || element.matches(':disabled')) continue;
      if (element instanceof HTMLInputElement && element.type === 'radio') {
        if (groups.has(element.name)) continue;
        groups.add(element.name);
        for (const one of document.querySelectorAll<HTMLElement>(`[name="${element.name}"]`))
          one.dataset.at = String(names.length);
      }
      element.dataset.at = String(names.length);
      names.push(element.outerHTML.slice(0, 100));
    }
    return names;
  });
}

/** What has the focus now; undefined where nothing has. */
export function focused(page: Page): Promise<Focused | undefined> {
  return page.evaluate(() => {
    const element = document.activeElement as HTMLInputElement | null;
    if (!element || element === document.body) return undefined;
    const text = (node: Element | null) => node?.textContent?.trim().replace(/\s+/g, ' ') ?? '';
    const name =
      element.getAttribute('aria-label') ??
      (text(element.labels?.[0] ?? null) || text(element) || element.id);
    const outlined = (node: Element | null) => {
      if (!node) return false;
      const { outlineStyle, outlineWidth } = getComputedStyle(node);
      return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2;
    };
    const shows = [
      element,
      element.closest('.button'),
      element.closest('.segment'),
      element.closest('.compare'),
    ];
    return {
      name,
      kind: `${element.localName}${element.type ? ` ${element.type}` : ''}`,
      seen: shows.some(outlined),
      at: Number(element.dataset.at ?? -1),
    };
  });
}

/** Goes on by Tab until the name is reached; throws where it is not within `most` steps. */
export async function tabTo(page: Page, name: string | RegExp, most = 120): Promise<Focused> {
  const passed: string[] = [];
  for (let i = 0; i < most; i++) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (now && (typeof name === 'string' ? now.name === name : name.test(now.name))) return now;
    passed.push(now?.name ?? '–');
  }
  throw new Error(`Tab does not reach ${name}; it passed ${passed.join(' | ')}`);
}

/** Goes once around by Tab or Shift+Tab; `left` says whether the focus was given back to the browser on the way. */
export async function walk(
  page: Page,
  key: 'Tab' | 'Shift+Tab',
  most: number,
): Promise<{ seen: Focused[]; left: boolean }> {
  const seen: Focused[] = [];
  let left = false;
  for (let i = 0; i < most; i++) {
    await page.keyboard.press(key);
    const now = await focused(page);
    if (!now) left = true;
    else if (left && now.at >= 0 && now.at === seen[0]?.at) break;
    else seen.push(now);
  }
  return { seen, left };
}
