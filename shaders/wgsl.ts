// The package's `main` names a file that it does not ship, hence the path.
export { wgsl } from 'wgsl-preprocessor/wgsl-preprocessor.js';
