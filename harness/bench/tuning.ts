// Which choices a device runs with, in words.
import type { TuningInEffect } from '../../src/gpu/tuning.js';

/** `cache: 12 buckets measured here, over the preset llvmpipe`. */
export function describeTuning({ source, preset, measured }: TuningInEffect): string {
  switch (source) {
    case 'cache':
      return `cache: ${measured} ${measured === 1 ? 'bucket' : 'buckets'} measured here, over the preset ${preset}`;
    case 'preset':
      return `preset ${preset}`;
    case 'default':
      return 'default: what the ops take by themselves';
    case 'given':
      return 'given by a table';
  }
}
