// Requests as no well-meaning client sends them: bytes on a socket.
import { connect } from 'node:net';

/** The answer to `bytes`; empty where the server closed without one. `end` closes our side behind them. */
export function raw(port: number, bytes: string | Uint8Array, end = true): Promise<string> {
  return new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer within 10 s')));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    // A server may hang up on what it has refused while it is still sent.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') done(text);
      else failed(error);
    });
    socket.on('close', () => done(text));
    if (end) socket.end(bytes);
    else socket.write(bytes);
  });
}

/** The status line's number. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
}
