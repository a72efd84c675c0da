// Weights in a browser: the embedded net from beside the page, or a file that the user gives.

import { InputError } from '../../src/base/errors.js';
import { loadWeights } from '../../src/nets/load-weights.js';
import { type LoadedWeights, parseManifest, type StyleManifest } from '../../src/nets/manifest.js';
import { type FetchProgress, fetchFile, sha256Hex } from '../../src/platform/browser-download.js';
import vgg16 from '../../weights/vgg16.json' with { type: 'json' };
import vgg19 from '../../weights/vgg19.json' with { type: 'json' };
import slim from '../../weights/vgg19-slim.json' with { type: 'json' };

const MANIFESTS: Readonly<Record<string, unknown>> = { 'vgg19-slim': slim, vgg19, vgg16 };

/** A net's manifest. InputError where there is none of that name. */
export function webManifest(net: string): StyleManifest {
  const manifest = MANIFESTS[net];
  if (!manifest)
    throw new InputError(`there is no net ${net}; choose one of ${Object.keys(MANIFESTS).join(', ')}`);
  const parsed = parseManifest(JSON.stringify(manifest), `weights/${net}.json`);
  if (parsed.task !== 'style') throw new InputError(`${net} is no net for pictures`);
  return parsed;
}

/** Where a page finds a net's weights. */
export interface WebWeightsOptions {
  /** The folder that holds the embedded files, by their names. */
  readonly folder: string | URL;
  /** Told of the bytes as they come. */
  readonly onProgress?: ((progress: FetchProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Fetches the file that Facet ships for a net, checks its hash and keeps it. WeightsError where it cannot be had. */
export async function fetchWeights(net: string, options: WebWeightsOptions): Promise<LoadedWeights> {
  const manifest = webManifest(net);
  const { embedded } = manifest;
  if (!embedded) throw new InputError(`${net} is not shipped with Facet: give its weights file`);
  const { folder, onProgress, signal } = options;
  const base = new URL(folder, globalThis.location.href);
  const { sha256, bytes: size } = embedded;
  const url = new URL(embedded.file, base);
  const bytes = await fetchFile({ url, sha256, bytes: size, onProgress, signal });
  return loadWeights({ bytes, sha256, source: embedded.file, manifest });
}

/** Reads a safetensors file of the user's for a net. WeightsError where it does not fit. */
export async function readWeights(
  net: string,
  file: Blob,
  name = 'the weights file',
): Promise<LoadedWeights> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return loadWeights({ bytes, sha256: await sha256Hex(bytes), source: name, manifest: webManifest(net) });
}
