// A worker's global scope with the part of its interface that is used: the DOM's types are those of windows.
import type { Wire } from './serve.js';

/** This worker's end of the wire to its page. */
export const workerScope = globalThis as unknown as Wire;
