// One writer at a time: a file that names the process which writes beside it.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf } from '../overwrite.js';

/**
 * Takes the lock file `path`; what is returned gives it back. One that a killed process left is taken over. InputError
 * where a living process holds it.
 */
export async function takeLock(path: string, what: string): Promise<() => Promise<void>> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(path, String(process.pid), { flag: 'wx' });
      return () => rm(path, { force: true });
    } catch (error) {
      const failure = error as NodeJS.ErrnoException;
      if (failure.code !== 'EEXIST') throw new InputError(`${path}: ${reasonOf(failure)}`, { cause: error });
    }
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder > 0 && holder !== process.pid && isAlive(holder)) {
      throw new InputError(`${what} is being written by process ${holder}; wait for it, or end it`);
    }
    await rm(path, { force: true });
  }
  throw new InputError(`${path}: another process takes this lock again and again`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Not allowed to ask means that it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
