// The sRGB profile as a PNG chunk (PNG specification, third edition, sections 5.3 and 11.3.2.3).
import sharp from 'sharp';

/** Length of the signature and of the IHDR chunk, which comes first. */
const AFTER_HEADER = 8 + 25;

let cached: Promise<{ profile: Buffer; chunk: Buffer }> | undefined;

/** The sRGB profile that sharp embeds, and the whole iCCP chunk around it. */
export function profileChunk(): Promise<{ profile: Buffer; chunk: Buffer }> {
  cached ??= (async () => {
    const dot = sharp(new Uint8Array(3), { raw: { width: 1, height: 1, channels: 3 } });
    const png = await dot.withIccProfile('srgb').png().toBuffer();
    const { icc } = await sharp(png).metadata();
    const chunk = findChunk(png, 'iCCP');
    if (!icc || !chunk) throw new Error('sharp embedded no sRGB profile in a PNG');
    return { profile: icc, chunk };
  })();
  return cached;
}

/** The bytes of the first chunk of that type: length, type, data and CRC. */
function findChunk(png: Buffer, type: string): Buffer | undefined {
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 12 + png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === type) return png.subarray(at, end);
    at = end;
  }
  return undefined;
}

/** `png` with `chunk` behind its header. */
export function insertChunk(png: Buffer, chunk: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, AFTER_HEADER), chunk, png.subarray(AFTER_HEADER)]);
}
