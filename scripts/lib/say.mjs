// Steps told in one line each: with a running clock on a terminal, plain lines elsewhere.

const TICK_MS = 1000;
/** How often a step that takes long gives a sign of life where there is no terminal. */
const HEARTBEAT_TICKS = 20;

/**
 * Does `work` under the name `label`, and tells in one line how it went and how long it took. What takes longer than
 * a second is told while it lasts too.
 * @template T
 * @param {string} label
 * @param {() => Promise<T>} work
 * @param {(result: T) => string | undefined} [outcome] what to add to the last line
 * @param {NodeJS.WriteStream} [out]
 * @returns {Promise<T>}
 */
export async function step(label, work, outcome = () => undefined, out = process.stderr) {
  const start = performance.now();
  const elapsed = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const terminal = out.isTTY === true;
  let ticks = 0;
  const tick = () => {
    if (terminal) out.write(`\r\x1b[2K… ${label} (${elapsed()})`);
    else if (ticks === 0) out.write(`… ${label}\n`);
    else if (ticks % HEARTBEAT_TICKS === 0) out.write(`… ${label}: still at it after ${elapsed()}\n`);
    ticks++;
  };
  const close = (/** @type {string} */ line) =>
    out.write(`${terminal ? '\r\x1b[2K' : ''}${line} (${elapsed()})\n`);
  if (terminal) out.write(`… ${label}`);
  const timer = setInterval(tick, TICK_MS);
  try {
    const result = await work();
    const added = outcome(result);
    close(`✓ ${label}${added ? `: ${added}` : ''}`);
    return result;
  } catch (error) {
    close(`✗ ${label}`);
    throw error;
  } finally {
    clearInterval(timer);
  }
}
