declare module 'wgsl-preprocessor/wgsl-preprocessor.js' {
  /** Template tag: `#if ${condition}`, `#elif ${condition}`, `#else`, `#endif` choose text; other values are inserted. */
  export function wgsl(strings: TemplateStringsArray, ...values: unknown[]): string;
}
