// What npm audit says, told apart: findings, none, and no answer, since not every registry has advisories.

/**
 * @typedef {{ kind: 'clean', checked: number } | { kind: 'found', problems: string[] } | { kind: 'no answer', why: string }} Audit
 */

const SEVERITIES = ['info', 'low', 'moderate', 'high', 'critical'];

/**
 * Reads what `npm audit --json` printed. Findings below `level` do not count. What cannot be read is no answer, never a
 * clean one; the registry's address is left out of the reason.
 * @param {string} text
 * @param {string} [level]
 * @returns {Audit}
 */
export function readAudit(text, level = 'high') {
  let report;
  try {
    report = JSON.parse(text);
  } catch {
    return { kind: 'no answer', why: 'npm audit printed no JSON' };
  }
  if (report?.auditReportVersion !== 2 || typeof report.vulnerabilities !== 'object') {
    const why = report?.message ?? report?.error?.summary ?? 'npm audit gave no report';
    return { kind: 'no answer', why: withoutAddress(String(why)) };
  }
  const least = SEVERITIES.indexOf(level);
  const problems = Object.values(report.vulnerabilities)
    .filter(({ severity }) => !(SEVERITIES.indexOf(severity) < least) || !SEVERITIES.includes(severity))
    .map(({ name, severity, range, via }) => {
      const titles = via.map((/** @type {string | { title: string }} */ of) =>
        typeof of === 'string' ? `by ${of}` : of.title,
      );
      return `${name} ${range}: ${severity}: ${titles.join('; ')}`;
    });
  if (problems.length > 0) return { kind: 'found', problems };
  return { kind: 'clean', checked: report.metadata?.dependencies?.prod ?? 0 };
}

/** @param {string} text */
function withoutAddress(text) {
  return text
    .replace(/ - [A-Z]+ https?:\/\/\S+/g, '')
    .replace(/https?:\/\/[^\s/]+/g, 'the registry')
    .split('\n')[0];
}
