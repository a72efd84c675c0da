// Command lines that cannot be used, each with what the one line on it must say.

const base = ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '32', '--iterations', '1'];
const withArgs = (...more: string[]) => [...base, ...more];
const pictures = (content: string, style = 's.png', out = 'out.png') => [
  'stylize',
  content,
  style,
  '-o',
  out,
  '--size',
  '32',
  '--iterations',
  '1',
];

const TOO_LARGE =
  /needs a tensor of [\d.]+ MiB, and this adapter binds at most [\d.]+ MiB: choose --size \d+ or less/;

/** What is given, and what the line must say. */
export const badInputs: [string, string[], RegExp][] = [
  ['no arguments', ['stylize'], /required option '-o, --output/],
  ['no style', ['stylize', 'c.png', '-o', 'out.png'], /missing required argument 'styles'/],
  ['no output', ['stylize', 'c.png', 's.png'], /required option '-o, --output/],
  ['unknown option', withArgs('--wibble'), /unknown option '--wibble'/],
  ['unknown command', ['paintify'], /unknown command 'paintify'/],
  ['missing content', pictures('nowhere.png'), /content nowhere\.png does not exist/],
  ['missing style', pictures('c.png', 'nowhere.png'), /style nowhere\.png: does not exist/],
  ['empty file', pictures('empty.png'), /content empty\.png: the file is empty \(0 bytes\)/],
  ['text named .jpg', pictures('text.jpg'), /content text\.jpg: is not a picture that can be read \(JPEG, /],
  ['truncated JPEG', pictures('cut.jpg'), /content cut\.jpg: is damaged or cut short: /],
  ['1x1 picture', pictures('one.png'), /content one\.png: .*16 px, got 1x1/],
  ['30,000-pixel picture', pictures('wide.png'), /content wide\.png: .*16384 px, got 30000x20/],
  ['1x1 style', pictures('c.png', 'one.png'), /style one\.png.*1x1/],
  ['a picture too thin for the net', pictures('thin.png'), /at least 16 pixels on each side/],
  ['a folder as style', pictures('c.png', 'folder'), /style folder: is a folder/],
  ['a folder without pictures', pictures('folder', 's.png', 'hollow'), /folder folder holds no/],
  [
    'a folder to a file',
    pictures('album', 's.png', 'out.png'),
    /album is a folder, so the output must be one; out\.png/,
  ],
  [
    'existing output',
    pictures('c.png', 's.png', 'exists.png'),
    /exists\.png: exists already; --force replaces it/,
  ],
  [
    'output folder missing',
    pictures('c.png', 's.png', 'no/where/out.png'),
    /no\/where\/out\.png: the folder no\/where does not exist/,
  ],
  [
    'output is a folder',
    pictures('c.png', 's.png', 'folder.png'),
    /folder\.png: is a folder, a file name is needed/,
  ],
  [
    'output of unknown kind',
    pictures('c.png', 's.png', 'out.psd'),
    /out\.psd: the name must end in one of .*, got "\.psd"/,
  ],
  [
    'output without extension',
    pictures('c.png', 's.png', 'out'),
    /out: the name must end in one of .*, got ""/,
  ],
  [
    '16-bit JPEG',
    ['stylize', 'c.png', 's.png', '-o', 'out.jpg', '--bits', '16'],
    /out\.jpg: 16 bits per channel need \.png or \.tiff/,
  ],
  ['bits 12', withArgs('--bits', '12'), /--bits must be 8 or 16, got 12/],
  ['quality 0', withArgs('--quality', '0'), /--quality must be in 1\.\.100, got 0/],
  ['NaN weight', withArgs('--style-weight', 'NaN'), /--style-weight must be a number, got "NaN"/],
  [
    'negative weight',
    withArgs('--content-weight', '-3'),
    /content weight must be a number in 0\.\.1000000000000, got -3/,
  ],
  ['infinite weight', withArgs('--tv-weight', 'Infinity'), /--tv-weight must be a number/],
  ['word for a number', withArgs('--learning-rate', 'fast'), /--learning-rate must be a number, got "fast"/],
  [
    'size 0',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '0'],
    /size must be a whole number in 16\.\.16384, got 0/,
  ],
  [
    'size 99999',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '99999'],
    /size must be a whole number in 16\.\.16384, got 99999/,
  ],
  [
    'size 3.5',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '3.5'],
    /--size must be a whole number, got "3\.5"/,
  ],
  [
    'first size above size',
    withArgs('--first-size', '8'),
    /first size must be a whole number in 16\.\.32, got 8/,
  ],
  [
    'iterations -1',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--iterations', '-1'],
    /iterations must be/,
  ],
  [
    'unknown net',
    withArgs('--net', 'resnet50'),
    /--net must be one of vgg19, vgg16, vgg19-slim, got "resnet50"/,
  ],
  [
    'unknown preset',
    withArgs('--preset', 'best'),
    /--preset must be one of paper, gatys, quality, got "best"/,
  ],
  ['unknown layer', withArgs('--style-layers', 'relu7_1'), /no layer relu7_1/],
  [
    'layer list without sense',
    withArgs('--content-layers', 'relu4_2:x'),
    /--content-layers relu4_2 must be a number, got "x"/,
  ],
  ['weights missing', withArgs('--weights', 'no.safetensors'), /--weights no\.safetensors.*does not exist/],
  ['weights broken', withArgs('--weights', 'broken.safetensors'), /broken\.safetensors: .*header/],
  [
    'weights of another net',
    withArgs('--weights', 'other.safetensors'),
    /other\.safetensors.*conv1_1\.weight/,
  ],
  ['weights not at hand', withArgs('--net', 'vgg16'), /vgg16: no weights found; try facet weights get vgg16/],
  [
    'style weights for one style',
    withArgs('--style-weights', '1,2'),
    /--style-weights must have one number per style: 1, got 2/,
  ],
  ['style mask alone', withArgs('--style-mask', 's.png'), /a style mask needs a content mask/],
  [
    'a photograph as mask',
    withArgs('--content-mask', 'noise.png', '--style-mask', 's.png'),
    /at most 8 colours/,
  ],
  [
    'resume from nothing',
    withArgs('--resume', 'no.safetensors').slice(0, 5).concat('--resume', 'no.safetensors'),
    /--resume no\.safetensors.*does not exist/,
  ],
  [
    'resume from a picture',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--resume', 'c.png'],
    /c\.png is no readable checkpoint/,
  ],
  ['resume with options', withArgs('--resume', 'c.png'), /leave out --size, --iterations/],
  ['plot of unknown kind', withArgs('--plot', 'loss.png'), /--plot writes SVG: loss\.png must end in \.svg/],
  [
    'trace into a missing folder',
    withArgs('--trace', 'no/t.json'),
    /no\/t\.json: the folder no does not exist/,
  ],
  ['init picture missing', withArgs('--init', 'nowhere.png'), /init nowhere\.png.*does not exist/],
  ['save-every 0', withArgs('--save-every', '0'), /--save-every must be at least 1, got 0/],
  [
    'paint an unknown style',
    ['paint', 'cubism', '-o', 'p.png'],
    /there is no style cubism; choose one of brushstrokes/,
  ],
  ['paint a giant', ['paint', 'woodcut', '-o', 'p.png', '--size', '100000'], /16 to 4096/],
  // Files that would lose each other, or what the user has.
  ['output and trace in one', withArgs('--trace', 'out.png'), /out\.png: output and trace must be different/],
  [
    'trace and plot in one',
    withArgs('--trace', 'loss.svg', '--plot', './loss.svg'),
    /loss\.svg: trace and plot must be different files/,
  ],
  [
    'checkpoint and output in one',
    withArgs('--checkpoint', 'folder/../out.png'),
    /output and checkpoint must be different files/,
  ],
  [
    'output over the content',
    [...pictures('c.png', 's.png', 'c.png'), '--force'],
    /c\.png: the output would replace the content/,
  ],
  [
    'output over the style by a link',
    [...pictures('s.png', 'c.png', 'link.png'), '--force'],
    /link\.png: the output would replace the style/,
  ],
  [
    'trace over the weights',
    withArgs('--weights', 'other.safetensors', '--trace', 'other.safetensors', '--force'),
    /other\.safetensors: the trace would replace the weights/,
  ],
  ['a folder into itself', pictures('album', 's.png', './album'), /the output folder must be another/],
  [
    'a folder in a missing one',
    pictures('album', 's.png', 'no/outs'),
    /no\/outs: the folder no does not exist/,
  ],
  [
    'a folder with a broken picture',
    pictures('mixed', 's.png', 'outs'),
    /content mixed\/wrong\.jpg: is not a picture that can be read/,
  ],
  [
    'existing file as checkpoint',
    pictures('c.png', 's.png', 'used.png'),
    /used\.checkpoint\.safetensors: exists already and is no checkpoint; --force replaces it/,
  ],
  [
    'existing numbered picture',
    ['stylize', 'c.png', 's.png', '-o', 'n.png', '--size', '32', '--iterations', '3', '--save-every', '2'],
    /n-000002\.png: exists already and --save-every would write it; --force replaces it/,
  ],
  [
    'a numbered picture over the trace',
    ['stylize', 'c.png', 's.png', '-o', 'm.png', '--save-every', '5', '--trace', 'm-000010.png'],
    /m-000010\.png: a picture of --save-every would replace the trace/,
  ],
  [
    'output where nothing can be written',
    pictures('c.png', 's.png', '/proc/x.png'),
    /\/proc\/x\.png: the folder \/proc (cannot be written|does not exist)/,
  ],
  [
    'keep and replace',
    withArgs('--skip-existing', '--force'),
    /--skip-existing keeps what --force would replace/,
  ],
  // Options without sense.
  [
    'iterations 0',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--iterations', '0'],
    /iterations must be a whole number in 1\.\.1000000, got 0/,
  ],
  [
    'nothing to optimise',
    withArgs('--style-weight', '0', '--content-layers', 'relu4_2:0'),
    /every content and style layer has weight 0: there is nothing to optimise/,
  ],
  ['beta1 of 2', withArgs('--beta1', '2'), /beta1 must be a number in 0\.\.0\.9999, got 2/],
  ['a history for Adam', withArgs('--history', '5'), /a history is kept with lbfgs alone/],
  [
    'an average for L-BFGS',
    withArgs('--optimizer', 'lbfgs', '--average-decay', '0.9'),
    /an average of iterates is kept with adam alone/,
  ],
  [
    'history 0',
    withArgs('--optimizer', 'lbfgs', '--history', '0'),
    /history must be a whole number in 1\.\.50, got 0/,
  ],
  ['content mask alone', withArgs('--content-mask', 's.png'), /a content mask needs a style mask/],
  ['a tile that is none', withArgs('--tile', 'big'), /--tile must be auto, off or a whole number, got "big"/],
  ['a tile of 3 px', withArgs('--tile', '3'), /tile must be a whole number in 16\.\.16384, got 3/],
  [
    'tiles for W2',
    withArgs('--tile', '64', '--style-loss', 'w2'),
    /tiles need the style loss gram; w2 has none/,
  ],
  [
    'too little memory',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '1024', '--memory', '64', '--plan'],
    /in tiles of \d+x\d+ needs [\d.]+ MiB, and at most 64\.0 MiB may be taken: choose a smaller --size, or --memory/,
  ],
  [
    'a size that no adapter holds',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '16384', '--first-size', '16384'],
    TOO_LARGE,
  ],
  [
    'a plan of that size',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--size', '16384', '--plan'],
    TOO_LARGE,
  ],
  [
    'damaged checkpoint',
    ['stylize', 'c.png', 's.png', '-o', 'out.png', '--resume', 'damaged.safetensors'],
    /--resume damaged\.safetensors/,
  ],
  [
    'weights with NaN',
    withArgs('--weights', 'nan.safetensors', '--input-convention', 'torchvision'),
    /nan\.safetensors: tensor .*: every value must be finite, value \d+ is NaN/,
  ],
  [
    'weights that end too early',
    withArgs('--weights', 'shallow.safetensors'),
    /shallow\.safetensors: holds vgg19-slim through conv2_1, conv5_1 is needed/,
  ],
  ['profile of no steps', ['profile', '--steps', '0'], /--steps must be at least 1, got 0/],
  [
    'demo of 3 pixels',
    ['demo', '--size', '3', '--output', 'demo'],
    /size must be a whole number in 16\.\.16384, got 3/,
  ],
];
