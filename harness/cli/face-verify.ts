// `facet face verify`: whether two pictures show one person.
import { Command } from 'commander';
import { checkContract, compareFaces } from '../node/faces/judgement.js';
import { realNumber } from './arguments.js';
import { type AuditArguments, audited, auditOption } from './audit.js';
import {
  type DatabaseArguments,
  databaseOptions,
  judgementOf,
  needCollection,
  withStore,
} from './face-database.js';
import {
  type FindArguments,
  findArguments,
  findOptions,
  type NetArguments,
  netOptions,
  ONE_FACE,
  print,
  printJson,
  warn,
} from './face-options.js';
import { FaceSession, modelsOf } from './face-session.js';

interface VerifyArguments extends FindArguments, NetArguments, DatabaseArguments, AuditArguments {
  threshold?: number;
  json?: boolean;
}

/** The sub-command `verify`. */
export function verifyCommand(): Command {
  const command = new Command('verify')
    .description('tell whether two pictures show the same person; exit code 0 same, 1 different')
    .argument('<a>', 'picture')
    .argument('<b>', 'picture')
    .option('--threshold <d>', 'squared L2 below which it is one person', realNumber('--threshold'))
    .option('--json', 'print JSON');
  findOptions(command, 'largest', ONE_FACE);
  netOptions(command);
  auditOption(databaseOptions(command));
  return command
    .addHelpText(
      'after',
      "\nWith --collection its net, threshold and calibration decide, else the net's own.\nExample: facet face verify passport.jpg camera.jpg --json",
    )
    .action(async (a: string, b: string, args: VerifyArguments) => {
      const deed = { action: 'verify', collection: args.collection } as const;
      process.exitCode = await audited(args, deed, async () => ({ result: await runVerify(a, b, args) }));
    });
}

async function runVerify(a: string, b: string, args: VerifyArguments): Promise<number> {
  const facts =
    args.collection === undefined ? undefined : await withStore(args, (store) => needCollection(store, args));
  const models = await modelsOf({ ...args, ...(args.net ? {} : { net: facts?.contract.net }) });
  if (facts) checkContract(facts, models);
  const judgement = judgementOf(models, 'verify', facts, args.threshold);
  return FaceSession.run(models, args, findArguments(args, 'largest'), async (session) => {
    const sides = [await session.chips(a), await session.chips(b)] as const;
    for (const { path, comparable } of sides) {
      if (comparable > 1 && args.faces === undefined) {
        warn(`${path}: ${comparable} faces of about one size, the largest is compared; --faces says which`);
      }
    }
    const [first, second] = await session.embed(sides.map(({ faces }) => faces[0]!.chip));
    const compared = compareFaces(first!, second!, judgement);
    const { same, distance, probability } = compared;
    if (args.json) {
      printJson({
        ...compared,
        net: session.contract.net,
        pictures: sides.map(({ path, detected, faces }) => ({ path, detected, ...faces[0]!.found })),
      });
    } else {
      const sure = probability === null ? '' : `, probability of one person ${probability.toFixed(3)}`;
      print(
        `${same ? 'same' : 'different'}: squared L2 ${distance.toFixed(4)}, threshold ${judgement.threshold.toFixed(4)}${sure} (${session.contract.net})`,
      );
    }
    return same ? 0 : 1;
  });
}
