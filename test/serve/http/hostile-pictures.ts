// Files that claim to be pictures.
import { crc32, deflateSync } from 'node:zlib';

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(data.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}

/** A PNG of any claims: 8-bit RGB of `width` x `height`, with these chunks between header and end. */
export function pngOf(width: number, height: number, ...chunks: (readonly [string, Uint8Array])[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    ...chunks.map(([type, data]) => chunk(type, data)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** 200 MB of zeros in 200 kB. */
export function bomb(): Buffer {
  packed ??= deflateSync(Buffer.alloc(200_000_000), { level: 9 });
  return packed;
}
let packed: Buffer | undefined;

/** Pixels that fill a picture. */
export function pixels(width: number, height: number): Buffer {
  return deflateSync(Buffer.alloc(height * (1 + 3 * width)));
}
