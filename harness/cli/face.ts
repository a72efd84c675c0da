// `facet face`: who is this? Its sub-commands.
import { Command } from 'commander';
import { clusterCommand } from './face-cluster.js';
import { alignCommand, detectCommand, embedCommand } from './face-detect.js';
import { encryptCommands } from './face-encrypt.js';
import { enrollCommand } from './face-enroll.js';
import { evaluateCommand } from './face-evaluate.js';
import { exportCommands } from './face-export.js';
import { identifyCommand } from './face-identify.js';
import { peopleCommands } from './face-people.js';
import { reembedCommand } from './face-reembed.js';
import { thresholdCommand } from './face-threshold.js';
import { verifyCommand } from './face-verify.js';

/** The sub-command `face`. */
export function faceCommand(): Command {
  const face = new Command('face').description(
    'recognise faces: find, compare and name them; all on this machine, see docs/biometrics.md',
  );
  const commands = [
    detectCommand(),
    alignCommand(),
    embedCommand(),
    verifyCommand(),
    enrollCommand(),
    identifyCommand(),
    ...peopleCommands(),
    ...exportCommands(),
    clusterCommand(),
    evaluateCommand(),
    thresholdCommand(),
    reembedCommand(),
    ...encryptCommands(),
  ];
  for (const command of commands) face.addCommand(command);
  return face.addHelpText(
    'after',
    `
Examples:
  facet face verify a.jpg b.jpg          are these one person?
  facet face enroll people/              people/Ada/1.jpg, people/Bo/1.jpg …
  facet face identify party.jpg --draw named.jpg
  facet face evaluate --pairs pairs.txt --images lfw/ --json`,
  );
}
