// A program of its own that enrols samples one by one and prints each id once it is acknowledged. Arguments: the
// gallery's file, the person, how many, the number of the first sample.
import { writeSync } from 'node:fs';
import { openGalleryFile } from '../../../harness/node/gallery/libsql-store.js';
import { InputError } from '../../../src/base/errors.js';
import { CONTRACT, sampleOf } from './samples.js';

const [path, person, count, first] = process.argv.slice(2);
const store = await openGalleryFile(path!);
const collection = await store.createCollection('people', CONTRACT).catch((error: unknown) => {
  // Another such program may have made it.
  if (error instanceof InputError && error.message.includes('already')) {
    return store.openCollection('people', CONTRACT);
  }
  throw error;
});
writeSync(1, 'ready\n');
for (let i = 0; i < Number(count); i++) {
  const [outcome] = await collection.enroll([sampleOf(person!, Number(first) + i)]);
  if (outcome!.status !== 'enrolled') throw new Error(`sample ${i} of ${person}: ${outcome!.status}`);
  writeSync(1, `${outcome!.id}\n`);
}
await store.close();
