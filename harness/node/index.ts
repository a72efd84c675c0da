/**
 * Public face of `facet/node`: WebGPU, weights and pictures in Node.
 * @module facet/node
 */
export { nodePlatform } from '../../src/platform/node.js';
export { detectionModels, type FaceModelOptions, type FaceModels, loadFaceModels } from './faces/models.js';
export type { LibsqlOptions } from './gallery/libsql-database.js';
export { type GalleryFileOptions, openGalleryFile } from './gallery/libsql-store.js';
export { openGalleryDatabase, type PostgresOptions } from './gallery/postgres-store.js';
export type { Passphrase } from './gallery/sealed/convert.js';
export type { PaintOptions } from './paint/canvas.js';
export { paintStyle, STYLE_NAMES, type StyleName } from './paint/index.js';
export { type ReadOptions, readPicture, type WriteOptions, writePicture } from './pictures.js';
export { CheckpointFolder, type FoundCheckpoint } from './training/checkpoint-folder.js';
export { type FindOptions, findWeights, listNets, loadManifest } from './weights.js';
