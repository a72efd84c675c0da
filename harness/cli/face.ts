// `facet face`: who is this? Its sub-commands.
import { Command } from 'commander';
import { enrollCommand } from './face-enroll.js';
import { evaluateCommand } from './face-evaluate.js';
import { identifyCommand } from './face-identify.js';
import { verifyCommand } from './face-verify.js';

/** The sub-command `face`. */
export function faceCommand(): Command {
  const face = new Command('face').description(
    'recognise faces: find, compare and name them; all on this machine, see docs/biometrics.md',
  );
  for (const command of [verifyCommand(), enrollCommand(), identifyCommand(), evaluateCommand()])
    face.addCommand(command);
  return face;
}
