// The audit log of the face verbs of the command line, where the user asks for one.
import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { Audit, type Deed, type Done } from '../node/audit.js';

export interface AuditArguments {
  audit?: string;
}

/** Adds the option of AuditArguments. */
export function auditOption(command: Command): Command {
  return command.option(
    '--audit <folder>',
    "keep a log of who did this in the folder's audit.jsonl (default: $FACET_AUDIT, else none)",
  );
}

/** Does `work`, between its two lines in the log where one is kept; InputError, and no work, where it cannot be written. */
export async function audited<T>(
  { audit: folder = process.env.FACET_AUDIT }: AuditArguments,
  deed: Deed,
  work: () => Promise<Done & { readonly result: T }>,
): Promise<T> {
  if (!folder) return (await work()).result;
  const audit = await Audit.open(folder);
  try {
    return await audit.around(deed, `cli:${userName()}`, work);
  } finally {
    await audit.close();
  }
}

/** The system's name for who runs this, or its number where that has none. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
