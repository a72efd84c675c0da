// What file dialogues offer.

/** Formats that every browser with WebGPU reads. */
export const ACCEPT = 'image/png,image/jpeg,image/webp,image/avif,image/gif';
