// The one line that ends every test run, counted from vitest's JSON report.

/**
 * @typedef {{ status: string, assertionResults: { status: string }[] }} FileReport
 * @typedef {{ testResults: FileReport[] }} TestReport
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 */

/**
 * Counts the tests of a report. A file that failed without a failed test (it did not load, or a hook threw) counts as
 * one failure, and so does a run that ended badly although no test failed: a crashed worker, an unhandled error, or no
 * report at all.
 * @param {TestReport | undefined} report
 * @param {number} exitCode vitest's own
 * @returns {Counts}
 */
export function countTests(report, exitCode) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of report?.testResults ?? []) {
    const statuses = file.assertionResults.map((test) => test.status);
    counts.passed += statuses.filter((status) => status === 'passed').length;
    const failed = statuses.filter((status) => status === 'failed').length;
    counts.failed += failed === 0 && file.status === 'failed' ? 1 : failed;
    counts.skipped += statuses.filter((status) => status !== 'passed' && status !== 'failed').length;
  }
  if (counts.failed === 0 && (exitCode !== 0 || !report)) counts.failed = 1;
  return counts;
}

/**
 * @param {Counts} counts
 * @returns {string}
 */
export function lastLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * The exit status of the run: failures are bad, and so is a run in which nothing passed, since it shows nothing.
 * @param {Counts} counts
 * @returns {0 | 1}
 */
export function exitStatus({ passed, failed }) {
  return failed > 0 || passed === 0 ? 1 : 0;
}
