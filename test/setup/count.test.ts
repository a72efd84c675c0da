import { describe, expect, it } from 'vitest';
import { countTests, exitStatus, lastLine } from '../../scripts/lib/count.mjs';

const file = (status: string, ...tests: string[]) => ({
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe('the last line of a test run', () => {
  it('counts passed, failed and skipped tests over files', () => {
    const report = {
      testResults: [
        file('passed', 'passed', 'passed', 'skipped'),
        file('failed', 'passed', 'failed', 'failed', 'todo', 'pending'),
      ],
    };
    const counts = countTests(report, 1);
    expect(lastLine(counts)).toBe('3 passed, 2 failed, 3 skipped');
    expect(exitStatus(counts)).toBe(1);
  });

  it('is good only where something passed and nothing failed', () => {
    expect(exitStatus(countTests({ testResults: [file('passed', 'passed')] }, 0))).toBe(0);
    expect(exitStatus(countTests({ testResults: [file('passed', 'skipped')] }, 0))).toBe(1);
    expect(exitStatus(countTests({ testResults: [] }, 0))).toBe(1);
  });

  it('counts a file that did not load as a failure', () => {
    expect(countTests({ testResults: [file('passed', 'passed'), file('failed')] }, 1)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it('counts a file whose hook threw after its tests passed as a failure', () => {
    expect(countTests({ testResults: [file('failed', 'passed')] }, 1).failed).toBe(1);
  });

  it('counts a crashed worker or a missing report as a failure', () => {
    expect(countTests({ testResults: [file('passed', 'passed')] }, 1)).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
    expect(countTests(undefined, 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
    expect(countTests(undefined, 139).failed).toBe(1);
  });
});
