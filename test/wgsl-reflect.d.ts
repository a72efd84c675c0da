// The package's `main` is CommonJS under "type": "module"; only this path can be imported in Node.
declare module 'wgsl_reflect/wgsl_reflect.module.js' {
  export * from 'wgsl_reflect';
}
