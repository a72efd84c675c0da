// What is measured of the service, for Prometheus.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Gpu } from '../gpu.js';
import { JOB_STATES, type JobStore } from '../jobs/types.js';
import type { AttemptEnd } from '../worker.js';

/** Counters of one service. */
export class Metrics {
  private readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'facet_http_request_seconds',
    help: 'time from a request to the head of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [this.registry],
  });
  private readonly attempts = new Histogram({
    name: 'facet_attempt_seconds',
    help: 'time that a worker had a job, by how that ended',
    labelNames: ['end'] as const,
    buckets: [1, 10, 60, 300, 1800, 7200],
    registers: [this.registry],
  });
  private readonly refused = new Counter({
    name: 'facet_http_problems_total',
    help: 'answers that were errors, by code',
    labelNames: ['code'] as const,
    registers: [this.registry],
  });

  constructor(store: JobStore, gpu: Gpu | undefined, options: { readonly process: boolean }) {
    const registers = [this.registry];
    const jobs: Gauge<'state'> = new Gauge({
      name: 'facet_jobs',
      help: 'jobs in the store',
      labelNames: ['state'] as const,
      registers,
      async collect() {
        const counts = await store.counts().catch(() => undefined);
        // No number is truer than an old one where the store is away.
        for (const state of JOB_STATES) jobs.set({ state }, counts?.[state] ?? Number.NaN);
      },
    });
    const waiting: Gauge = new Gauge({
      name: 'facet_gpu_waiting',
      help: 'requests that wait for the GPU',
      registers,
      collect() {
        waiting.set(gpu?.turns.queued ?? 0);
      },
    });
    if (options.process) collectDefaultMetrics({ register: this.registry });
  }

  request(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status: String(status) }, seconds);
  }

  problem(code: string): void {
    this.refused.inc({ code });
  }

  attempt(end: AttemptEnd, ms: number): void {
    this.attempts.observe({ end }, ms / 1000);
  }

  async answer(): Promise<Response> {
    return new Response(await this.registry.metrics(), {
      headers: { 'content-type': this.registry.contentType },
    });
  }
}
