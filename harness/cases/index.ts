// Every op's cases in one table: tests, `facet check` and `facet bench` read it.
import { conv2dFamily } from './conv2d.js';
import type { CaseFamily } from './family.js';
import { reluFamily, weightedAddFamily } from './pointwise.js';

export const families: readonly CaseFamily[] = [conv2dFamily, reluFamily, weightedAddFamily];
