import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareVersions, nodeComplaint, OLDEST_NODE, versionNumbers } from '../../scripts/lib/versions.mjs';

describe('versions', () => {
  it.each([
    ['v20.19.1', [20, 19, 1]],
    ['25.0.7-2~bpo12+1', [25, 0, 7]],
    ['1:22.3.6-1+deb12u1', [22, 3, 6]],
    ['24', [24]],
    ['(none)', []],
  ])('reads the numbers of %s', (version, numbers) => {
    expect(versionNumbers(version)).toEqual(numbers);
  });

  it.each([
    ['20.9.0', '20.19.0', -1],
    ['20.19', '20.19.0', 0],
    ['24', '23.2.1-1ubuntu3.1~22.04.3', 1],
    ['22.3.6-1+deb12u1', '24', -1],
    ['25.0.7-2~bpo12+1', '24', 1],
  ])('compares %s with %s', (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a))).toBe(-sign || 0);
  });

  it('refuses an old Node in one line with both numbers, and takes the oldest allowed', () => {
    expect(nodeComplaint('v18.20.4')).toMatch(/^[^\n]*20\.19\.0[^\n]*18\.20\.4[^\n]*$/);
    expect(nodeComplaint('v20.18.3')).toBeDefined();
    expect(nodeComplaint(`v${OLDEST_NODE}`)).toBeUndefined();
    expect(nodeComplaint('v26.0.0')).toBeUndefined();
  });

  it('asks for the Node of package.json', () => {
    const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
    expect(compareVersions(engines.node.replace('>=', ''), OLDEST_NODE)).toBe(0);
  });
});
