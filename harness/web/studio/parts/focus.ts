// Where the focus goes when what had it is taken away: a page without it makes the keyboard begin anew.
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const ENABLED = 'button:not(:disabled), input:not(:disabled), select:not(:disabled)';

/** Keeps the focus among the buttons of an element while some of them come and go. */
export function useKeptFocus<T extends HTMLElement>(): RefObject<T | null> {
  const place = useRef<T>(null);
  const held = useRef(false);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const enter = () => {
      held.current = true;
    };
    const leave = ({ target }: FocusEvent) => {
      // A button that was taken away or disabled did not give the focus to another one.
      const own = target as HTMLButtonElement;
      held.current = !own.isConnected || own.disabled;
    };
    element.addEventListener('focusin', enter);
    element.addEventListener('focusout', leave);
    return () => {
      element.removeEventListener('focusin', enter);
      element.removeEventListener('focusout', leave);
    };
  }, []);
  useLayoutEffect(() => {
    const active = document.activeElement as HTMLButtonElement | null;
    const lost = !active || active === document.body || active.disabled === true;
    if (held.current && lost) place.current?.querySelector<HTMLElement>(ENABLED)?.focus();
  });
  return place;
}

/** For what is shown for a while, as a question or a notice: when it goes with the focus in it, the focus goes back. */
export function useReturnedFocus<T extends HTMLElement>({ take = false } = {}): RefObject<T | null> {
  const place = useRef<T>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = place.current;
    if (take) element?.querySelector<HTMLElement>(ENABLED)?.focus();
    return () => {
      if (!element?.contains(document.activeElement)) return;
      const back = before instanceof HTMLElement && before !== document.body && before.isConnected;
      (back ? before : document.getElementById('main'))?.focus({ preventScroll: !back });
    };
  }, []);
  return place;
}
