// UMAP as a module of its own, so that it is loaded when it is asked for: a bundler gives a dynamic import of CommonJS
// nothing but its default.
export { UMAP } from 'umap-js';
