// Reads source files as a list of imports and as code without comments and strings.
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

export interface Source {
  /** From the repository root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

/** The repository's root folder. */
export const ROOT = join(import.meta.dirname, '../..');

/** Every TypeScript or JavaScript file below `folder`, or those whose names match `kind`. */
export function sourcesIn(folder: string, kind = /\.m?[jt]sx?$/): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => kind.test(name) && !name.endsWith('.d.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** What a file imports: a path from the root for relative imports, else the package's name. */
export function importsOf({ path, text }: Source): string[] {
  const code = split(text).withStrings;
  const statements =
    /\b(?:import|export)\b[^'"`;]*?\bfrom\s*(['"])([^'"]+)\1|\bimport\s*\(?\s*(['"])([^'"]+)\3/g;
  return [...code.matchAll(statements)].map((match) => {
    const target = match[2] ?? match[4]!;
    return target.startsWith('.') ? posix.join(posix.dirname(path), target).replace(/\.js$/, '.ts') : target;
  });
}

/** The code without comments and without the text of plain strings. */
export function codeOf(text: string): string {
  return split(text).withoutStrings;
}

/**
 * Drops comments, and in one of the two results what stands between plain quotes. Templates stay, since code
 * stands inside of them; a slash after an operator or an opening bracket begins a regular expression.
 */
function split(text: string): { withStrings: string; withoutStrings: string } {
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[(,=:[!&|?{};>]\s*|\breturn\s+)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/g;
  const keep = (strings: boolean) =>
    text.replace(token, (found) => {
      if (found.startsWith('//') || found.startsWith('/*')) return ' ';
      if (found.startsWith('`') || strings) return found;
      return "''";
    });
  return { withStrings: keep(true), withoutStrings: keep(false) };
}
