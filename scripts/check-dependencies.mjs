// npm run check:dependencies: known vulnerabilities of what a user installs, where the registry tells of any, and the
// licences of all of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { main } from './lib/main.mjs';
import { npmCommand, run } from './lib/run.mjs';
import { readAudit } from './package/audit.mjs';
import { countLicences, licenceProblems, productionDependencies } from './package/licences.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const AUDIT = [
  'audit',
  '--omit=dev',
  '--audit-level=high',
  '--json',
  '--loglevel=silent',
  '--package-lock-only',
];

await main(async () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const dependencies = productionDependencies(lock);
  const licences = licenceProblems(dependencies);
  console.log(`licences of ${dependencies.length} packages:`);
  for (const [licence, count] of countLicences(dependencies)) console.log(`  ${licence}: ${count}`);
  for (const problem of licences) console.error(`  ${problem}`);

  // Its exit status says the same of findings and of no answer.
  const [command = 'npm', ...first] = npmCommand();
  const { stdout } = await run(command, [...first, ...AUDIT], { cwd: root, timeoutMs: 120_000 });
  const audit = readAudit(stdout);
  if (audit.kind === 'found') {
    console.error('npm audit: vulnerabilities of severity high or critical:');
    for (const problem of audit.problems) console.error(`  ${problem}`);
  } else if (audit.kind === 'clean') {
    console.log(`npm audit: nothing of severity high or critical in ${audit.checked} packages`);
  } else {
    console.log(`npm audit: NO ANSWER, so nothing is known of vulnerabilities: ${audit.why}`);
  }
  return licences.length === 0 && audit.kind !== 'found' ? 0 : 1;
});
