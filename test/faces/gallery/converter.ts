// A program of its own that encrypts a gallery, or decrypts it, again and again. Arguments: the gallery's file, its
// passphrase. Prints a line at the beginning of each transaction.
import { writeSync } from 'node:fs';
import { LibsqlDatabase } from '../../../harness/node/gallery/libsql-database.js';
import { decryptGallery, encryptGallery, isEncrypted } from '../../../harness/node/gallery/sealed/convert.js';
import { SealedFile } from '../../../harness/node/gallery/sealed/file.js';

const [path, passphrase] = process.argv.slice(2);
class Telling extends SealedFile {
  override convert<T>(what: string, work: Parameters<typeof SealedFile.prototype.convert<T>>[1]): Promise<T> {
    return super.convert(what, (query, clear) => {
      writeSync(1, 'begun\n');
      return work(query, clear);
    });
  }
}
const file = new Telling(await LibsqlDatabase.open(path!));
for (;;) {
  await ((await isEncrypted(file)) ? decryptGallery : encryptGallery)(file, passphrase!);
}
