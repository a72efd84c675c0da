// The service put together: stores, device, worker and HTTP server, begun and ended in the right order.
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { createAdaptorServer } from '@hono/node-server';
import sharp from 'sharp';
import { InputError } from '../../src/base/errors.js';
import type { Precision } from '../../src/gpu/kernel.js';
import { packageVersion } from '../../src/platform/node-paths.js';
import { Audit } from '../node/audit.js';
import { galleryPlace } from '../node/gallery/open.js';
import { FaceDesk } from './faces.js';
import { Gpu, type GpuOptions } from './gpu.js';
import { createApp } from './http/app.js';
import { faceRoutes } from './http/face-routes.js';
import { isLoopback } from './http/guard.js';
import { type JobLimits, jobRoutes } from './http/job-routes.js';
import { Metrics } from './http/metrics.js';
import type { UploadLimits } from './http/upload.js';
import { Watch } from './http/watch.js';
import { openJobs } from './jobs/open.js';
import type { JobStoreOptions } from './jobs/types.js';
import { readSite } from './site.js';
import { GpuStyleEngine } from './style-work.js';
import { Worker, type WorkerOptions } from './worker.js';

export interface ServiceOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token?: string | undefined;
  /** Where jobs, gallery, audit log are, but for those in a database. */
  readonly folder: string;
  /** postgres://…, for jobs and gallery. */
  readonly database?: string | undefined;
  /** Of an encrypted gallery; one that is made is encrypted. */
  readonly passphrase?: string | undefined;
  /** False where other processes are to make the pictures. */
  readonly work: boolean;
  readonly precision: Precision;
  readonly gpu?: GpuOptions;
  readonly limits?: Partial<ServiceLimits>;
  readonly jobs?: JobStoreOptions;
  readonly worker?: Partial<WorkerOptions>;
  /** Folder with the studio's pages, if they are to be served. */
  readonly site?: string | undefined;
  /** Metrics of the process itself too. */
  readonly processMetrics?: boolean;
  readonly log: (line: string) => void;
}

/** Every limit of the service. */
export interface ServiceLimits extends JobLimits, UploadLimits {
  readonly rate: number;
  readonly burst: number;
  readonly requestSeconds: number;
  /** Connections at once. */
  readonly maxConnections: number;
}

export const DEFAULT_LIMITS: ServiceLimits = {
  maxPixels: 25_000_000,
  maxSize: 2048,
  maxIterations: 5000,
  maxQueued: 1000,
  maxUpload: 64 * 2 ** 20,
  maxUploads: 256 * 2 ** 20,
  maxParts: 24,
  rate: 50,
  burst: 200,
  requestSeconds: 60,
  maxConnections: 1024,
};

/** A service that runs. */
export interface Service {
  /** http://HOST:PORT */
  readonly url: string;
  /** Takes no more requests, keeps the picture that is being made, and resolves when all is put away. */
  stop(): Promise<void>;
}

/** How long requests may take to end when the service stops, in ms. */
const GRACE = 5000;

/** Starts the service. InputError where it must not or cannot. */
export async function startService(options: ServiceOptions): Promise<Service> {
  checkExposure(options);
  // Strangers' pictures are not to be kept in memory for the case that they come again.
  sharp.cache(false);
  const { folder, database, log, host, port } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const store = await openJobs(database, folder, options.jobs);
  const ending = new AbortController();
  const closers: (() => Promise<void>)[] = [() => store.close()];
  try {
    const audit = await Audit.open(folder);
    closers.unshift(() => audit.close());
    const gpu = new Gpu({ ...options.gpu, precision: options.precision });
    closers.unshift(() => gpu.dispose());
    const { passphrase } = options;
    const place = galleryPlace({ db: database ?? join(folder, 'faces.db') });
    const desk = new FaceDesk(gpu, () => place.open({ create: true, passphrase }), audit);
    closers.unshift(() => desk.close());
    // A passphrase that is wrong or missing is told now, and not to the first client.
    if (passphrase !== undefined || (place.file !== undefined && existsSync(place.file))) await desk.ready();
    const watch = new Watch(store);
    const metrics = new Metrics(store, gpu, { process: options.processMetrics === true });
    const routes = [
      ...jobRoutes({ store, watch, limits, precision: options.precision, log }),
      ...faceRoutes(desk, limits),
    ];
    const app = createApp({
      ...limits,
      routes,
      metrics,
      uploads: limits,
      token: options.token,
      version: packageVersion(),
      healthy: () =>
        store.counts().then(
          () => true,
          () => false,
        ),
      ...(options.site === undefined ? {} : { site: await readSite(options.site) }),
      closing: ending.signal,
      log,
    });
    const server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: {
        // A header or body that trickles in holds a connection for so long only.
        headersTimeout: 15_000,
        requestTimeout: limits.requestSeconds * 1000,
        keepAliveTimeout: 5000,
        maxHeaderSize: 16 * 1024,
      },
    }) as Server;
    server.on('clientError', refuse);
    server.maxConnections = limits.maxConnections;
    // A reader that takes nothing for so long is let go; streams send a line more often than that.
    server.setTimeout(120_000);
    const address = await listen(server, host, port);
    const working = options.work ? beginWork(options, store, gpu, metrics, ending.signal) : undefined;
    return {
      url: `http://${host.includes(':') ? `[${host}]` : host}:${address}`,
      async stop() {
        // No new request comes in while the picture is kept.
        const closed = close(server);
        ending.abort();
        watch.close();
        await working;
        await closed;
        for (const end of closers) await end();
      },
    };
  } catch (error) {
    ending.abort();
    for (const end of closers) await end().catch(() => undefined);
    throw error;
  }
}

/** A name for a worker that tells where it runs. */
export function workerName(): string {
  return `${hostname()}:${process.pid}`;
}

function beginWork(
  { worker, log }: ServiceOptions,
  store: Awaited<ReturnType<typeof openJobs>>,
  gpu: Gpu,
  metrics: Metrics,
  signal: AbortSignal,
): Promise<void> {
  const onEnd: WorkerOptions['onEnd'] = (end, ms) => metrics.attempt(end, ms);
  return new Worker(store, new GpuStyleEngine(gpu), { name: workerName(), log, onEnd, ...worker }).run(
    signal,
  );
}

/** Who can reach the port may do everything: beyond this machine only with a token, and no weak one. */
function checkExposure({ host, token }: ServiceOptions): void {
  if (token === undefined) {
    if (isLoopback(host)) return;
    throw new InputError(
      `${host} can be reached from other machines: give a token (FACET_TOKEN, or --token-file), or serve on 127.0.0.1`,
    );
  }
  if (!/^[\x21-\x7e]{16,512}$/.test(token)) {
    throw new InputError(
      `the token must be 16 to 512 visible ASCII characters without spaces, it has ${token.length}`,
    );
  }
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((done, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = {
        EADDRINUSE: 'the port is taken',
        EACCES: 'the port may not be opened',
        EADDRNOTAVAIL: 'the address is none of this machine',
        ENOTFOUND: 'the host is not known',
      };
      const reason = reasons[error.code ?? ''] ?? error.message;
      failed(new InputError(`${host}:${port}: ${reason}`, { cause: error }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      done(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Tells, in JSON too, what was not even a request. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  const [status, reason, code, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([
          431,
          'Request Header Fields Too Large',
          'headers_too_large',
          'headers must have at most 16 KiB',
        ] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'Request Timeout', 'timeout', 'the request took too long to come'] as const)
        : ([400, 'Bad Request', 'bad_request', 'this is no HTTP/1.1 request'] as const);
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error: { code, message, where: 'request' } });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Waits for what is being answered, then ends what is left. */
function close(server: Server): Promise<void> {
  return new Promise((done) => {
    const late = setTimeout(() => server.closeAllConnections(), GRACE);
    server.close(() => {
      clearTimeout(late);
      done();
    });
    server.closeIdleConnections();
  });
}
