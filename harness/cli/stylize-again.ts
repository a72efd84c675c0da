// The command that goes on with a run, as one can paste it into the shell.
import { existsSync } from 'node:fs';
import { basename, relative, resolve } from 'node:path';
import { CHECKPOINT_OPTIONS, type GivenOption, type StylizeArguments } from './stylize-arguments.js';
import { checkpointBeside, type StylizeJob } from './stylize-jobs.js';

/** Options that hold for one run of the command only. */
const ONCE = ['resume', 'checkpoint', 'skipExisting', 'force', 'plan'];

/** The command that goes on with one picture from `checkpoint`: the same files, and no option that it holds. */
export function resumeCommand(
  args: StylizeArguments,
  job: Pick<StylizeJob, 'content' | 'output'>,
  checkpoint: string,
): string {
  const dropped: readonly string[] = [...ONCE, ...CHECKPOINT_OPTIONS, 'output'];
  const given = args.given.filter(({ name }) => !dropped.includes(name));
  const present = (file: string | undefined) => file !== undefined && existsSync(file);
  // Without --force a run replaces only the picture that its checkpoint is named after.
  const own = resolve(checkpoint) === resolve(checkpointBeside(job.output));
  const force = (present(job.output) && !own) || present(args.trace) || present(args.plot);
  const files = ['-o', path(job.output), '--resume', path(checkpoint), ...(force ? ['--force'] : [])];
  return commandLine(job.content, args.styles, [...files, ...given.flatMap(spelled)]);
}

/** The command that makes the pictures of a folder that are not made yet. */
export function remainingCommand(args: StylizeArguments): string {
  const given = args.given.filter(({ name }) => name === 'checkpoint' || !ONCE.includes(name));
  return commandLine(args.content, args.styles, [...given.flatMap(spelled), '--skip-existing']);
}

function commandLine(content: string, styles: readonly string[], options: readonly string[]): string {
  // Options come last: one of them takes all words that follow.
  return [...programName(), 'stylize', path(content), ...styles.map(path), ...options].map(quoted).join(' ');
}

/** How the command was called: installed, by npx, or as a script. */
function programName(): string[] {
  const script = process.argv[1] ?? 'facet';
  if (basename(script) === 'facet') return process.env.npm_command === 'exec' ? ['npx', 'facet'] : ['facet'];
  const near = relative(process.cwd(), script);
  return ['node', near.length < script.length ? near : script];
}

function spelled({ flag, value }: GivenOption): string[] {
  if (value === true) return [flag];
  if (typeof value === 'string') return [flag, path(value)];
  if (Array.isArray(value)) {
    // Numbers are one list, paths are words of their own.
    return value.every((item) => typeof item === 'string')
      ? [flag, ...value.map(path)]
      : [flag, value.join(',')];
  }
  if (typeof value === 'object' && value !== null) {
    return [
      flag,
      Object.entries(value)
        .map(([layer, weight]) => `${layer}:${weight}`)
        .join(','),
    ];
  }
  return [flag, String(value)];
}

/** A leading dash would make a path an option. */
function path(text: string): string {
  return text.startsWith('-') ? `./${text}` : text;
}

function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return process.platform === 'win32' ? `"${word}"` : `'${word.replaceAll("'", `'\\''`)}'`;
}
