// Routes of pictures to be made.
import { z } from 'zod';
import type { Precision } from '../../../src/gpu/kernel.js';
import { usableScales } from '../../../src/style/input.js';
import { resolveOptions } from '../../../src/style/options.js';
import { loadManifest } from '../../node/weights.js';
import { JOB_STATES, type JobRecord, type JobStore } from '../jobs/types.js';
import { type StyleSpec, styleRequest, styleSpec } from '../spec.js';
import { checkPicture } from './pictures.js';
import { ofStore, Problem } from './problem.js';
import { type Route, route } from './route.js';
import type { Watch } from './watch.js';

/** What a picture may be like. */
export interface JobLimits {
  readonly maxPixels: number;
  /** Most pixels of a result: its long side squared. */
  readonly maxSize: number;
  readonly maxIterations: number;
  /** Most jobs that wait. */
  readonly maxQueued: number;
}

export interface JobRoutesOptions {
  readonly store: JobStore;
  readonly watch: Watch;
  readonly limits: JobLimits;
  readonly precision: Precision;
  readonly log: (line: string) => void;
}

const jobSchema = z
  .object({
    id: z.uuid(),
    state: z.enum(JOB_STATES),
    created: z.iso.datetime(),
    started: z.iso.datetime().nullable(),
    finished: z.iso.datetime().nullable(),
    attempt: z.int().describe('how often a worker has taken it'),
    step: z.int(),
    total: z.int().describe('steps; 0 before the first'),
    error: z.object({ code: z.string(), message: z.string(), where: z.string() }).nullable(),
    result: z.string().nullable().describe('path of the PNG, once it is done'),
    facts: z.unknown().describe('size, steps and last losses of the result'),
  })
  .meta({ id: 'Job' });

const byId = z.strictObject({ id: z.uuid() });
const jobReply = { description: 'the job', schema: jobSchema };

/** A job as clients see it. */
export function shown(job: JobRecord): z.input<typeof jobSchema> {
  const time = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const { id, state, attempt, step, total, error, facts } = job;
  return {
    id,
    state,
    created: time(job.created)!,
    started: time(job.started),
    finished: time(job.finished),
    attempt,
    step,
    total,
    error,
    result: state === 'done' ? `/v1/jobs/${id}/result` : null,
    facts,
  };
}

/** The routes. */
export function jobRoutes({ store, watch, limits, precision, log }: JobRoutesOptions): Route[] {
  const asked = <T>(call: Promise<T>) => ofStore(call, log);
  const need = async (id: string) => {
    const job = await asked(store.find(id));
    if (!job) throw new Problem(404, 'no_such_job', 'there is no such job, or it was removed', 'id');
    return job;
  };
  return [
    route({
      method: 'post',
      path: '/v1/stylize',
      summary:
        'Make a picture: content of one, style of others. A header Idempotency-Key makes it safe to send again.',
      files: {
        content: { min: 1, max: 1, description: 'the picture to be painted' },
        styles: { min: 1, max: 8, description: 'pictures to paint like' },
      },
      options: styleRequest,
      replies: { 202: { ...jobReply, description: 'accepted; it is on disk' } },
      async handle({ files, options, header }) {
        const [content] = files('content');
        const styles = files('styles');
        const key = header('idempotency-key');
        if (key !== undefined && !/^[\x21-\x7e]{1,128}$/.test(key)) {
          throw new Problem(
            400,
            'bad_request',
            'must be 1 to 128 visible ASCII characters',
            'idempotency-key',
          );
        }
        const spec = await specOf(options, styles.length, precision, limits);
        const size = await checkPicture(content!, 'content', limits);
        for (const [i, style] of styles.entries()) await checkPicture(style, `styles[${i}]`, limits);
        await checkScales(spec, size);
        if ((await asked(store.counts())).queued >= limits.maxQueued) {
          throw new Problem(503, 'queue_full', `${limits.maxQueued} jobs are waiting`, 'queue', 60);
        }
        const inputs = new Map([['content', content!]]);
        for (const [i, style] of styles.entries()) inputs.set(`style:${i}`, style);
        const { job } = await asked(store.create({ spec, inputs, key }));
        return Response.json(shown(job), { status: 202, headers: { location: `/v1/jobs/${job.id}` } });
      },
    }),
    route({
      method: 'get',
      path: '/v1/jobs',
      summary: 'Jobs, the newest first, a page at a time.',
      query: z.strictObject({
        before: z.uuid().optional().describe('the last job of the page before'),
        limit: z.coerce.number().int().min(1).max(200).default(50),
      }),
      replies: { 200: { description: 'a page', schema: z.object({ jobs: z.array(jobSchema) }) } },
      async handle({ query: { before, limit } }) {
        const jobs = await asked(store.list(before === undefined ? { limit } : { before, limit }));
        return Response.json({ jobs: jobs.map(shown) });
      },
    }),
    route({
      method: 'get',
      path: '/v1/jobs/{id}',
      summary: 'A job.',
      params: byId,
      replies: { 200: jobReply },
      handle: async ({ params }) => Response.json(shown(await need(params.id))),
    }),
    route({
      method: 'get',
      path: '/v1/jobs/{id}/events',
      summary: 'Progress as server-sent events, until the job is finished.',
      params: byId,
      stream: true,
      replies: { 200: { description: 'events `progress`, each with the job', type: 'text/event-stream' } },
      handle: async ({ params, signal }) => watch.stream(await need(params.id), shown, signal),
    }),
    route({
      method: 'post',
      path: '/v1/jobs/{id}/cancel',
      summary: 'Stop a job; one that runs stops after its step.',
      params: byId,
      replies: { 200: jobReply },
      async handle({ params }) {
        await need(params.id);
        return Response.json(shown((await asked(store.cancel(params.id)))!));
      },
    }),
    route({
      method: 'get',
      path: '/v1/jobs/{id}/result',
      summary: 'The picture.',
      params: byId,
      replies: { 200: { description: 'a PNG in sRGB', type: 'image/png' } },
      async handle({ params }) {
        const job = await need(params.id);
        const bytes = await asked(store.result(params.id));
        if (!bytes) throw new Problem(409, 'not_done', `the job is ${job.state}`, 'id');
        return new Response(new Uint8Array(bytes), { headers: { 'content-type': 'image/png' } });
      },
    }),
    route({
      method: 'delete',
      path: '/v1/jobs/{id}',
      summary: 'Remove a finished job and its picture.',
      params: byId,
      replies: { 204: { description: 'gone' } },
      async handle({ params }) {
        const job = await need(params.id);
        if (await asked(store.remove(params.id))) return new Response(null, { status: 204 });
        throw new Problem(409, 'not_finished', `the job is ${job.state}; cancel it first`, 'id');
      },
    }),
  ];
}

async function specOf(
  request: z.output<typeof styleRequest>,
  styles: number,
  precision: Precision,
  { maxSize, maxIterations }: JobLimits,
): Promise<StyleSpec> {
  const { net, styleWeights, ...options } = request;
  if (styleWeights && styleWeights.length !== styles) {
    const message = `must have one number per style: ${styles}, got ${styleWeights.length}`;
    throw new Problem(400, 'bad_request', message, 'options.styleWeights');
  }
  // Written out, so that the defaults of a later version do not change a job that waits.
  const spec = styleSpec.parse({
    kind: 'stylize',
    net,
    options,
    styleWeights: styleWeights ?? Array.from({ length: styles }, () => 1),
    precision,
  });
  const { size, iterations } = await completed(spec);
  if (size > maxSize) {
    throw new Problem(400, 'bad_request', `must be at most ${maxSize} here, got ${size}`, 'options.size');
  }
  if (iterations > maxIterations) {
    const message = `must be at most ${maxIterations} here, got ${iterations}`;
    throw new Problem(400, 'bad_request', message, 'options.iterations');
  }
  return spec;
}

async function completed({ net, options }: StyleSpec) {
  const manifest = await loadManifest(net, 'style');
  return resolveOptions(options as Parameters<typeof resolveOptions>[0], {
    manifest,
    convention: manifest.input,
  });
}

/** What can be known of the run before its pictures are decoded. */
async function checkScales(spec: StyleSpec, size: { width: number; height: number }): Promise<void> {
  const manifest = await loadManifest(spec.net, 'style');
  const content = { ...size, data: new Float32Array(0) };
  const weights = { net: spec.net, manifest, convention: manifest.input } as Parameters<
    typeof usableScales
  >[0]['weights'];
  usableScales({ content, weights }, await completed(spec));
}
