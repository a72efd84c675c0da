// A file server on this machine for the download tests: it counts what it sends, and misbehaves on request.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Behaviour {
  /** Answer byte ranges (true). */
  ranges?: boolean;
  /** Cut the connection after so many bytes of an answer; one entry an answer, then no more. */
  cuts?: (number | undefined)[];
  /** Send nothing more after so many bytes, but keep the line open; one entry an answer. */
  stalls?: number[];
  /** Answer with these statuses first. */
  statuses?: number[];
  /** The ETag; null sends none and no date. */
  etag?: string | null;
  /** Send no content-length. */
  chunked?: boolean;
  /** Redirect `/moved` there. */
  redirect?: string;
  /** Headers of the redirect. */
  redirectHeaders?: Record<string, string>;
}

export class FileServer {
  /** Bytes of bodies handed to the network. */
  sent = 0;
  /** The Range header of each request, in order. */
  readonly ranges: (string | undefined)[] = [];
  content: Uint8Array;
  behaviour: Behaviour;
  readonly #server: Server;

  private constructor(content: Uint8Array, behaviour: Behaviour) {
    this.content = content;
    this.behaviour = behaviour;
    this.#server = createServer((request, response) => this.#answer(request, response));
  }

  static async start(content: Uint8Array, behaviour: Behaviour = {}): Promise<FileServer> {
    const server = new FileServer(content, behaviour);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/file`;
  }

  get sha256(): string {
    return createHash('sha256').update(this.content).digest('hex');
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { behaviour, content } = this;
    this.ranges.push(request.headers.range);
    if (request.url === '/moved' && behaviour.redirect) {
      response.writeHead(302, { location: behaviour.redirect, ...behaviour.redirectHeaders }).end();
      return;
    }
    const status =
      behaviour.statuses?.shift() ?? (request.url === '/file' || request.url === '/moved' ? 200 : 404);
    if (status !== 200) {
      response.writeHead(status).end('no');
      return;
    }
    const etag = behaviour.etag === undefined ? `"${this.sha256.slice(0, 16)}"` : behaviour.etag;
    const headers: Record<string, string> = etag ? { etag } : {};
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const current = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
    let body = content;
    let code = 200;
    if (range && current && behaviour.ranges !== false) {
      const begin = Number(range[1]);
      const end = range[2] ? Math.min(Number(range[2]) + 1, content.length) : content.length;
      if (begin >= content.length) {
        response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
        return;
      }
      body = content.subarray(begin, end);
      code = 206;
      headers['content-range'] = `bytes ${begin}-${end - 1}/${content.length}`;
    }
    if (!behaviour.chunked) headers['content-length'] = String(body.length);
    response.writeHead(code, headers);
    const cut = behaviour.cuts?.shift();
    const stall = behaviour.stalls?.shift();
    const now = body.subarray(0, cut ?? stall ?? body.length);
    this.sent += now.length;
    if (cut !== undefined) response.write(now, () => setTimeout(() => response.socket?.destroy(), 250));
    else if (stall !== undefined) response.write(now);
    else response.end(now);
  }
}

/** Bytes that look random, the same each time. */
export function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
}
