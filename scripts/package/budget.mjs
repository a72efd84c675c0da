// What the published package may contain, and how large it may be: the one place for these numbers.

const KB = 1000;
const MB = 1000 * KB;

/**
 * Upper bounds in bytes: a tenth to a fifth above what there was when they were set, so that growth is a decision.
 * Of `packed` and `unpacked` the nets are 8.6 MB twice over (weights/ and the copies that the studio's page loads).
 */
export const BUDGET = {
  packed: 10.5 * MB,
  unpacked: 17 * MB,
  /** JavaScript that an entry point loads at once, gzipped; what it imports later is not counted. */
  entries: {
    'dist/index.js': 130 * KB,
    'dist/style.js': 125 * KB,
    'dist/faces.js': 140 * KB,
    'dist/training.js': 115 * KB,
    'dist/node.js': 125 * KB,
    'dist/cli.js': 480 * KB,
    'dist/browser/facet.js': 150 * KB,
    'dist/browser/worker.js': 150 * KB,
    'dist/web/main.js': 30 * KB,
    'dist/web/worker.js': 220 * KB,
  },
};

/** What may be in the package, each with its purpose. Another file is an error, not a surprise. */
export const ALLOWED = [
  {
    files: /^(package\.json|LICENSE|README(\.zh-CN)?\.md|(CHANGELOG|CONTRIBUTING|SECURITY)\.md)$/,
    why: 'npm',
  },
  { files: /^bin\/facet\.mjs$/, why: 'the command' },
  { files: /^scripts\/lib\/[a-z-]+\.mjs$/, why: 'what the command does before and beside the bundle' },
  {
    files: /^dist\/(index|style|faces|training|node|cli|chunk-[A-Z0-9]{8})\.js(\.map)?$/,
    why: "bundles for Node; their maps, which hold no sources, name Facet's files in a stack",
  },
  { files: /^dist\/browser\/(facet|worker|chunk-[A-Z0-9]{8})\.js$/, why: 'bundles for pages' },
  { files: /^dist\/types\/(src|harness|shaders|scripts\/lib)\/.+\.d\.m?ts$/, why: 'declarations' },
  {
    files:
      /^dist\/web\/(_headers|index\.html|icon\.svg|(main|worker|service-worker|[\w-]+-[A-Z0-9]{8})\.(js|css)|main\.css)$/,
    why: 'the studio',
  },
  { files: /^dist\/web\/weights\/(faces\/)?[\w.-]+\.(safetensors|bin|json)$/, why: 'the nets of the studio' },
  { files: /^weights\/[\w.-]+\.(safetensors|json)$/, why: 'the embedded net, and manifests of others' },
  { files: /^docs\/([\w-]+\/)?[\w.-]+\.md$/, why: 'documentation' },
  { files: /^docs\/images\/(contact-sheet\.jpg|studio-style-1280\.png)$/, why: "the README's pictures" },
  { files: /^examples\/[\w-]+\.(mjs|html)$/, why: 'examples' },
];

/** Files that must be there, beside those that `exports` and `bin` name. */
export const REQUIRED = [
  'LICENSE',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'dist/browser/worker.js',
  'dist/web/index.html',
  'dist/web/main.js',
  'dist/web/worker.js',
  'dist/web/service-worker.js',
  'dist/web/weights/vgg19-slim.safetensors',
  'weights/vgg19-slim.json',
  'weights/vgg19-slim.safetensors',
];

/** Findings of are-the-types-wrong that are choices, each with its reason. */
export const CHOSEN = {
  NoResolution: {
    resolutions: ['node10'],
    why: 'resolution as of Node 10 knows no `exports`; Facet needs Node 20.19',
  },
  CJSResolvesToESM: {
    resolutions: ['node16-cjs'],
    why: 'the package is ESM only; Node 20.19 and newer can require() it',
  },
};
