// Child processes: their output kept, their end told in words.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, dirname, join } from 'node:path';

/**
 * @typedef {object} Ended
 * @property {boolean} ok exit status 0
 * @property {string} how `exit status 3`, `signal SIGSEGV`, `no answer within 60 s`, `spawn x ENOENT`
 * @property {string} stdout
 * @property {string} output stdout and stderr together, in the order in which they came
 */

/**
 * Runs a command to its end, without a shell and without stdin. Never rejects: see `ok`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<Ended>}
 */
export function run(command, args, { cwd, env, timeoutMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: timeoutMs,
      killSignal: 'SIGKILL',
    });
    let stdout = '';
    let output = '';
    let failure = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
    child.on('error', (error) => {
      failure = error.message;
    });
    child.on('close', (code, signal) => {
      const late = timeoutMs !== undefined && child.killed;
      const how =
        failure ||
        (late
          ? `no answer within ${timeoutMs / 1000} s`
          : signal
            ? `signal ${signal}`
            : `exit status ${code}`);
      resolve({ ok: code === 0 && !failure, how, stdout, output });
    });
  });
}

/**
 * The last lines of a long output, indented, for an error message.
 * @param {string} output
 * @param {number} [lines]
 * @returns {string}
 */
export function tail(output, lines = 15) {
  return output
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

/**
 * What went wrong in a run of npm, for an error message: the first of its error lines, since usage notes follow them.
 * @param {string} output
 * @returns {string}
 */
export function npmErrors(output) {
  const errors = output.split('\n').filter((line) => /^npm (error|ERR!) +(?!at )\S/.test(line));
  return errors.length > 0 ? tail(errors.slice(0, 12).join('\n')) : tail(output);
}

/**
 * The command that starts npm: the one that started this process, else the one beside this Node, else from the PATH.
 * npm's script is run by Node itself, since on Windows `npm` is a shell script.
 * @returns {string[]}
 */
export function npmCommand() {
  const bin = dirname(process.execPath);
  const script = ['node_modules/npm/bin/npm-cli.js', '../lib/node_modules/npm/bin/npm-cli.js'].map((path) =>
    join(bin, path),
  );
  const started = process.env.npm_execpath;
  if (started && basename(started) === 'npm-cli.js') script.unshift(started);
  const found = script.find((path) => existsSync(path));
  return found ? [process.execPath, found] : ['npm'];
}

/**
 * Runs a command in this process's place, on the same terminal, and gives its exit status (128 + n after signal n).
 * Ctrl-C reaches it from the terminal; other requests to end are passed on.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string }} [options]
 * @returns {Promise<number>}
 */
export function follow(command, args, { cwd } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: 'inherit' });
    const stay = () => {};
    const pass = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal);
    process.on('SIGINT', stay).on('SIGTERM', pass).on('SIGHUP', pass);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      process.off('SIGINT', stay).off('SIGTERM', pass).off('SIGHUP', pass);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  });
}
