// Who may ask, how often, and from where: before anything of a request is read.
import { createHash, timingSafeEqual } from 'node:crypto';
import { Problem } from './problem.js';

export interface GuardOptions {
  /** Without one everybody who reaches the port may ask, which is why it is needed off loopback. */
  readonly token?: string | undefined;
  /** Requests a second that one client may go on making, and how many at once (50, 200). */
  readonly rate?: number;
  readonly burst?: number;
  /** Seconds since some moment. */
  readonly clock?: () => number;
}

/** What the guard looks at. */
export interface Asking {
  readonly client: string;
  /** What everybody may see: whether the service lives, and the studio's files. */
  readonly open: boolean;
  header(name: string): string | undefined;
}

/** Clients that are remembered; beyond, those that were quiet longest are forgotten. */
const CLIENTS = 10_000;

/** Says no, by throwing Problem. */
export class Guard {
  private readonly token: Buffer | undefined;
  private readonly rate: number;
  private readonly burst: number;
  private readonly clock: () => number;
  /** In the order of the last request. */
  private readonly buckets = new Map<string, { left: number; at: number }>();

  constructor(options: GuardOptions = {}) {
    this.token = options.token === undefined ? undefined : digest(options.token);
    this.rate = options.rate ?? 50;
    this.burst = options.burst ?? 200;
    this.clock = options.clock ?? (() => performance.now() / 1000);
  }

  /** Throws where the request is not to be answered. */
  check(asking: Asking): void {
    this.count(asking.client);
    this.checkOrigin(asking);
    if (asking.open) return;
    if (this.token) this.checkToken(asking);
    else checkHost(asking);
  }

  /** A token bucket for each client. */
  private count(client: string): void {
    const now = this.clock();
    const bucket = this.buckets.get(client) ?? { left: this.burst, at: now };
    // A clock that is set back gives nothing.
    bucket.left = Math.min(this.burst, bucket.left + Math.max(0, now - bucket.at) * this.rate);
    bucket.at = now;
    this.buckets.delete(client);
    this.buckets.set(client, bucket);
    if (this.buckets.size > CLIENTS) this.buckets.delete(this.buckets.keys().next().value!);
    if (bucket.left < 1) {
      const wait = Math.ceil((1 - bucket.left) / this.rate);
      throw new Problem(429, 'rate_limited', `at most ${this.rate} requests a second`, 'client', wait);
    }
    bucket.left--;
  }

  /** Digests have one length, and comparing them takes the same time wherever they differ. */
  private checkToken({ header }: Asking): void {
    const given = /^Bearer +([^\s]{1,512})$/i.exec(header('authorization') ?? '')?.[1];
    if (given === undefined || !timingSafeEqual(digest(given), this.token!)) {
      throw new Problem(
        401,
        'unauthorized',
        'the header Authorization must be Bearer and the token',
        'token',
      );
    }
  }

  /** No page of another site may ask through the browser of somebody who may. */
  private checkOrigin({ header }: Asking): void {
    const origin = header('origin');
    const foreign =
      header('sec-fetch-site') === 'cross-site' ||
      (origin !== undefined && hostOf(origin) !== header('host')?.toLowerCase());
    if (foreign) throw new Problem(403, 'cross_origin', 'pages of other sites may not ask', 'origin');
  }
}

/** Without a token the name must be this machine's: another one was made to lead here, by DNS rebinding. */
function checkHost({ header }: Asking): void {
  const host = header('host') ?? '';
  if (!/^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i.test(host)) {
    throw new Problem(403, 'wrong_host', 'without a token the host must be localhost or 127.0.0.1', 'host');
  }
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host.toLowerCase() : undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether nobody but this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}
