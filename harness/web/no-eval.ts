// Keeps zod from compiling its checks with `Function`, which a strict Content-Security-Policy forbids and reports.
import { config } from 'zod';

/** To be called before anything is checked. */
export function forbidEval(): void {
  config({ jitless: true });
}
