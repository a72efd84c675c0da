// The service worker: registered after the page is there, and asked before it replaces a version that is in use.
import { signal } from '@preact/signals';

/** `kept`: the studio opens without a network; `new`: another version waits; `none`: this browser keeps nothing. */
export const offline = signal<'starting' | 'kept' | 'new' | 'none'>('starting');

let waiting: ServiceWorker | undefined;

export async function keepOffline(): Promise<void> {
  if (!('serviceWorker' in navigator)) {
    offline.value = 'none';
    return;
  }
  try {
    const registration = await navigator.serviceWorker.register('./service-worker.js');
    const look = () => {
      waiting = registration.waiting ?? undefined;
      // With no version in use the first one takes its place by itself.
      if (waiting && navigator.serviceWorker.controller) offline.value = 'new';
      else if (registration.active) offline.value = 'kept';
    };
    registration.addEventListener('updatefound', () =>
      registration.installing?.addEventListener('statechange', look),
    );
    await navigator.serviceWorker.ready;
    look();
  } catch {
    // Private windows refuse; the studio works all the same while the network is there.
    offline.value = 'none';
  }
}

/** Reloads the page with the version that waits. */
export function takeNewVersion(): void {
  navigator.serviceWorker.addEventListener('controllerchange', () => location.reload());
  waiting?.postMessage('take-over');
}
