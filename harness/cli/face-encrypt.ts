// `facet face encrypt`, `decrypt` and `passphrase`: what a gallery tells to who reads the disk.
import { Command } from 'commander';
import { galleryPlace } from '../node/gallery/open.js';
import {
  type Converted,
  changePassphrase,
  decryptGallery,
  encryptGallery,
} from '../node/gallery/sealed/convert.js';
import type { SealedDatabase } from '../node/gallery/sealed/database.js';
import { type PlaceArguments, placeOptions } from './face-database.js';
import { print, printJson } from './face-options.js';
import { givenPassphrase, needPassphrase, newPassphrase } from './passphrase.js';

interface EncryptArguments extends PlaceArguments {
  json?: boolean;
}

/** The sub-commands. */
export function encryptCommands(): Command[] {
  return [encryptCommand(), decryptCommand(), passphraseCommand()];
}

function encryptCommand(): Command {
  const command = new Command('encrypt')
    .description('encrypt a gallery: names, vectors, paths and crops, under a passphrase')
    .option('--json', 'print JSON');
  return placeOptions(command)
    .addHelpText(
      'after',
      `
All of it or nothing, also in a crash; what was in clear is wiped from a file.
Without its passphrase a gallery is lost: nobody can recover it. Exports are in
clear. A gallery that is made while a passphrase is given is encrypted at once.
Example: facet face encrypt --passphrase-file /run/secrets/gallery`,
    )
    .action(async (args: EncryptArguments) => {
      await converted(args, 'encrypted', async (gallery) =>
        encryptGallery(
          gallery,
          await newPassphrase(
            await givenPassphrase(args.passphraseFile),
            '--passphrase-file or FACET_GALLERY_PASSPHRASE',
          ),
        ),
      );
    });
}

function decryptCommand(): Command {
  const command = new Command('decrypt')
    .description('bring an encrypted gallery back into clear')
    .option('--json', 'print JSON');
  return placeOptions(command).action(async (args: EncryptArguments) => {
    await converted(args, 'decrypted', async (gallery) =>
      decryptGallery(gallery, await needPassphrase(args)),
    );
  });
}

function passphraseCommand(): Command {
  const command = new Command('passphrase')
    .description('put an encrypted gallery under another passphrase')
    .option(
      '--new-passphrase-file <file>',
      'file whose first line is the new one (default: $FACET_GALLERY_NEW_PASSPHRASE, else asked for)',
    );
  return placeOptions(command)
    .addHelpText(
      'after',
      `
The key stays, so that this is done at once. Who has the old passphrase and a
copy of the file from before can open that copy, and with its key this file:
decrypt and encrypt make a new key.`,
    )
    .action(async (args: PlaceArguments & { newPassphraseFile?: string }) => {
      const where = await withGallery(args, async (gallery) => {
        const old = await needPassphrase(args);
        const given = await givenPassphrase(
          args.newPassphraseFile,
          'FACET_GALLERY_NEW_PASSPHRASE',
          '--new-passphrase-file',
        );
        const how = '--new-passphrase-file or FACET_GALLERY_NEW_PASSPHRASE';
        await changePassphrase(gallery, old, await newPassphrase(given, how));
        return gallery.location;
      });
      print(`${where}: the passphrase is changed`);
    });
}

async function converted(
  args: EncryptArguments,
  what: string,
  work: (gallery: SealedDatabase) => Promise<Converted>,
): Promise<void> {
  await withGallery(args, async (gallery) => {
    const outcome = await work(gallery);
    if (args.json) printJson({ location: gallery.location, ...outcome });
    else {
      const { collections, samples } = outcome;
      print(`${gallery.location}: ${what}: ${collections} collections, ${samples} samples`);
    }
  });
}

async function withGallery<T>(
  args: PlaceArguments,
  work: (gallery: SealedDatabase) => Promise<T>,
): Promise<T> {
  const gallery = await galleryPlace(args).openSealed();
  try {
    return await work(gallery);
  } finally {
    await gallery.close();
  }
}
