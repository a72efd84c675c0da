// Command lines of `facet face` that cannot be used, each with what the one line on it must say. `p.jpg` is a picture
// with four faces, `one.jpg` with one of them, `db` a gallery with one person of resnet34.

/** What is given, and what the line must say. */
export const faceBadInputs: [string, string[], RegExp][] = [
  ['no sub-command of that name', ['face', 'guess', 'one.jpg'], /unknown command 'guess'/],
  ['no pictures', ['face', 'detect'], /missing required argument 'pictures'/],
  ['a picture that is missing', ['face', 'detect', 'nowhere.jpg'], /nowhere\.jpg: does not exist/],
  ['text named .jpg', ['face', 'detect', 'text.jpg'], /text\.jpg: is not a picture that can be read/],
  ['a corrupt JPEG', ['face', 'detect', 'cut.jpg'], /cut\.jpg: is damaged or cut short/],
  ['an empty file', ['face', 'embed', 'empty.png'], /empty\.png: the file is empty/],
  ['an empty folder', ['face', 'enroll', 'folder', '--db', 'new.db'], /folder: the folder holds no picture/],
  [
    'a folder whose pictures are all refused',
    ['face', 'enroll', 'refused', '--db', 'new.db'],
    /refused\/Eve\/grey\.png: no face was found/,
  ],
  [
    'a gallery in a folder that is missing',
    ['face', 'enroll', 'people', '--db', 'nowhere/new.db'],
    /nowhere\/new\.db: the folder nowhere does not exist/,
  ],
  [
    'a pattern that matches nothing',
    ['face', 'detect', 'q*.jpg'],
    /q\*\.jpg: nothing has this name, .* matches nothing/,
  ],
  ['a picture without a face', ['face', 'embed', 'grey.png'], /grey\.png: no face was found in 200x160 px/],
  ['no face on one side', ['face', 'verify', 'one.jpg', 'grey.png'], /grey\.png: no face was found/],
  ['one side missing', ['face', 'verify', 'one.jpg'], /missing required argument 'b'/],
  [
    'an aligned face that is not square',
    ['face', 'embed', '--aligned', 'grey.png'],
    /must be square, got 200x160/,
  ],
  ['a threshold of 9', ['face', 'verify', 'one.jpg', 'one.jpg', '--threshold', '9'], /--threshold .* got 9/],
  [
    'a net that is not there',
    ['face', 'embed', 'one.jpg', '--net', 'vgg19'],
    /--net must be one of resnet34, nn4\.small2/,
  ],
  [
    'nn4.small2 without weights',
    ['face', 'embed', 'one.jpg', '--net', 'nn4.small2'],
    /nn4\.small2: no weights found/,
  ],
  [
    'weights that are a picture',
    ['face', 'embed', 'one.jpg', '--net', 'nn4.small2', '--weights', 'one.jpg'],
    /one\.jpg: .*(safetensors|header)/i,
  ],
  [
    'weights in a folder without any',
    ['face', 'embed', 'one.jpg', '--net', 'nn4.small2', '--weights', 'folder'],
    /folder: the folder holds neither nn4\.small2\.safetensors nor conv1_w\.csv/,
  ],
  [
    'weights for resnet34',
    ['face', 'embed', 'one.jpg', '--weights', 'one.jpg'],
    /--weights is for nn4\.small2/,
  ],
  [
    'a size no multiple of 32',
    ['face', 'detect', 'one.jpg', '--input-size', '100'],
    /multiple of 32 up to 4096, got 100/,
  ],
  [
    'a policy that is not there',
    ['face', 'detect', 'one.jpg', '--faces', 'best'],
    /--faces must be one of largest, all, centre/,
  ],
  [
    'a smallest face of 0',
    ['face', 'detect', 'one.jpg', '--min-size', '0'],
    /--min-size must be at least 1, got 0/,
  ],
  [
    'a file without a name',
    ['face', 'enroll', 'one.jpg', '--db', 'new.db'],
    /one\.jpg: --name must tell whom a file shows/,
  ],
  [
    'an empty name',
    ['face', 'enroll', 'one.jpg', '--name', ' ', '--db', 'new.db'],
    /name " ": must not be empty/,
  ],
  ['a database that is a folder', ['face', 'list', '--db', 'folder'], /folder: is a folder/],
  [
    'a database that is a folder, to enrol into',
    ['face', 'enroll', 'people', '--db', 'folder'],
    /folder: is a folder, a gallery is one file/,
  ],
  [
    'a corrupt JPEG to enrol',
    ['face', 'enroll', 'cut.jpg', '--name', 'Eve', '--db', 'new.db'],
    /cut\.jpg: is damaged or cut short/,
  ],
  [
    "another net's database to enrol into",
    ['face', 'enroll', 'people', '--db', 'other.db', '--net', 'resnet34'],
    /collection "people" holds embeddings of nn4\.small2 .*, not of resnet34 .*; reembed rebuilds it/,
  ],
  [
    "another net's database to identify by",
    ['face', 'identify', 'one.jpg', '--db', 'other.db', '--net', 'resnet34'],
    /collection "people" holds embeddings of nn4\.small2 .*, not of resnet34 .*; reembed rebuilds it/,
  ],
  [
    'a database that is a picture',
    ['face', 'list', '--db', 'one.jpg'],
    /one\.jpg: .*(no|not a) (gallery|database)/,
  ],
  [
    'a database that is missing',
    ['face', 'identify', 'one.jpg', '--db', 'no.db'],
    /no\.db: there is no gallery/,
  ],
  [
    'a collection that is missing',
    ['face', 'identify', 'one.jpg', '--db', 'db', '--collection', 'x'],
    /no collection "x"; there is "people"/,
  ],
  [
    'a person who is not there',
    ['face', 'remove', 'Nobody', '--db', 'db'],
    /there is nobody called "Nobody"/,
  ],
  [
    'a person who is not there beside one who is',
    ['face', 'remove', 'Ada', 'Nobody', '--db', 'db'],
    /there is nobody called "Nobody"/,
  ],
  [
    'a sample that is not there beside a person who is',
    ['face', 'remove', 'Ada', '--sample', 'x1', '--db', 'db'],
    /there is no sample "x1"/,
  ],
  [
    'nothing to remove',
    ['face', 'remove', '--db', 'db'],
    /remove wants names, --sample with ids, or --everybody/,
  ],
  [
    'a lost Postgres',
    ['face', 'list', '--db', 'postgres://user:secret@127.0.0.1:9/x'],
    /^facet: (?!.*secret).*127\.0\.0\.1:9/,
  ],
  [
    'a lost Postgres in capitals',
    ['face', 'list', '--db', 'Postgres://user:secret@127.0.0.1:9/x'],
    /^facet: (?!.*secret).*127\.0\.0\.1:9/,
  ],
  [
    'a database of another kind',
    ['face', 'list', '--db', 'mysql://user:secret@127.0.0.1/x'],
    /^facet: --db must name a file or a postgres:\/\/ address, (?!.*secret)/,
  ],
  ['an import that is none', ['face', 'import', 'text.jpg', '--db', 'new.db'], /text\.jpg:1: /],
  [
    'pairs that are missing',
    ['face', 'evaluate', '--pairs', 'no.txt', '--images', '.'],
    /no\.txt: does not exist/,
  ],
  [
    'pairs that are none',
    ['face', 'evaluate', '--pairs', 'text.jpg', '--images', '.'],
    /text\.jpg:1: the first line must be/,
  ],
  [
    'a picture of a pair missing',
    ['face', 'evaluate', '--pairs', 'pairs.txt', '--images', 'folder'],
    /folder\/Ada\/Ada_0001\.jpg: does not exist, the pair on line 2 needs it/,
  ],
  [
    'a false accept rate of 2, said before a picture is looked for',
    ['face', 'evaluate', '--pairs', 'pairs.txt', '--images', 'folder', '--far', '2'],
    /--far: a false accept rate must lie between 0 and 1, got 2/,
  ],
  [
    'more folds than pairs, said before a picture is looked for',
    ['face', 'evaluate', '--pairs', 'pairs.txt', '--images', 'folder', '--folds', '99'],
    /99 folds need an integer of at least 2 and as many pairs of each kind/,
  ],
  [
    'a false accept rate of 0 to fit',
    ['face', 'threshold', 'people', '--db', 'db', '--far', '0'],
    /--far: a false accept rate must lie between 0 and 1, got 0/,
  ],
  [
    'found faces to be rebuilt as aligned ones',
    ['face', 'reembed', '--db', 'db', '--aligned'],
    /1\.jpg: its face was found when it was enrolled, it is no --aligned picture/,
  ],
  [
    'a drawing onto the picture',
    ['face', 'detect', 'one.jpg', '--draw', 'one.jpg', '--force'],
    /one\.jpg: is the picture itself/,
  ],
  [
    "a collection's threshold for another net",
    [
      'face',
      'verify',
      'one.jpg',
      'one.jpg',
      '--db',
      'other.db',
      '--collection',
      'people',
      '--net',
      'resnet34',
    ],
    /collection people holds embeddings of nn4\.small2 .*; its threshold does not fit resnet34 /,
  ],
  [
    'all faces to verify',
    ['face', 'verify', 'p.jpg', 'p.jpg', '--faces', 'all'],
    /--faces must be one of largest, centre, got "all"/,
  ],
  [
    'all faces to enrol',
    ['face', 'enroll', 'p.jpg', '--name', 'A', '--db', 'new.db', '--faces', 'all'],
    /--faces must be one of largest, centre, got "all"/,
  ],
  [
    'all faces for a threshold',
    ['face', 'threshold', 'people', '--db', 'db', '--faces', 'all'],
    /--faces must be one of largest, centre, got "all"/,
  ],
  [
    'a picture that is enrolled under another name',
    ['face', 'enroll', 'one.jpg', '--name', 'Eve', '--db', 'db', '--quality', 'off'],
    /one\.jpg: was enrolled as Ada before, sample \S+; it is not enrolled as Eve too/,
  ],
  ['a threshold out of one person', ['face', 'threshold', '--db', 'db'], /needs at least two people/],
];
