// Routes over HTTP, without a GPU: what is taken, what is refused, and in which words.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openJobFile } from '../../../harness/serve/jobs/libsql-jobs.js';
import type { JobStore } from '../../../harness/serve/jobs/types.js';
import { form, png, until } from '../shared.js';
import { useService } from './service.js';

const service = useService({ limits: { rate: 1e6, burst: 1e6 } });
let store: JobStore;
beforeAll(async () => {
  store = await openJobFile(join(service.folder, 'jobs.db'));
});
afterAll(() => store?.close());

interface Job {
  id: string;
  state: string;
  [name: string]: unknown;
}
const ask = (path: string, init?: RequestInit) => fetch(service.url + path, init);
const json = async <T = Job>(path: string, init?: RequestInit) => (await (await ask(path, init)).json()) as T;
const create = async (headers: Record<string, string> = {}) =>
  json('/v1/stylize', {
    method: 'POST',
    headers,
    body: form({ content: await png(), styles: await png(32, 32, 2), options: { size: 32, iterations: 3 } }),
  });

describe('jobs', () => {
  it('are taken with 202, kept with their pictures, and found again', async () => {
    const [content, style] = [await png(40, 32), await png(32, 32, 3)];
    const response = await ask('/v1/stylize', {
      method: 'POST',
      body: form({
        content,
        styles: [style, style],
        options: { size: 32, iterations: 5, styleWeights: [1, 3] },
      }),
    });
    expect(response.status).toBe(202);
    const job = (await response.json()) as Job;
    expect(response.headers.get('location')).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({ state: 'queued', attempt: 0, step: 0, error: null, result: null });
    expect(await json(`/v1/jobs/${job.id}`)).toEqual(job);
    const claimed = (await store.claim('test'))!;
    expect(claimed.job.spec).toEqual({
      kind: 'stylize',
      net: 'vgg19-slim',
      options: { size: 32, iterations: 5 },
      styleWeights: [1, 3],
      precision: 'f32',
    });
    const inputs = await store.inputs(claimed.lease);
    expect(Buffer.compare(inputs.get('content')!, content)).toBe(0);
    expect([...inputs.keys()].sort()).toEqual(['content', 'style:0', 'style:1']);
    await store.complete(claimed.lease, style, { width: 32 });
    const done = await json(`/v1/jobs/${job.id}`);
    expect(done).toMatchObject({ state: 'done', facts: { width: 32 }, result: `/v1/jobs/${job.id}/result` });
    const result = await ask(done.result as string);
    expect(result.headers.get('content-type')).toBe('image/png');
    expect(Buffer.compare(Buffer.from(await result.arrayBuffer()), style)).toBe(0);
    expect((await ask(`/v1/jobs/${job.id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await ask(`/v1/jobs/${job.id}`)).status).toBe(404);
  });

  it('that are handed in twice with one key are one', async () => {
    const key = { 'idempotency-key': 'once' };
    expect((await create(key)).id).toBe((await create(key)).id);
  });

  it('are listed in pages, cancelled, and not removed before', async () => {
    const { id } = await create();
    const page = await json<{ jobs: Job[] }>('/v1/jobs?limit=1');
    expect(page.jobs.map((job) => job.id)).toEqual([id]);
    expect((await ask(`/v1/jobs/${id}`, { method: 'DELETE' })).status).toBe(409);
    expect(await json(`/v1/jobs/${id}/cancel`, { method: 'POST' })).toMatchObject({ state: 'cancelled' });
    expect(await json(`/v1/jobs/${id}/result`)).toMatchObject({ error: { code: 'not_done' } });
  });

  it('tell their progress until they are finished', async () => {
    for (let taken = await store.claim('drain'); taken; taken = await store.claim('drain')) {
      await store.fail(taken.lease, { code: 'x', message: 'x', where: 'x' }, { retry: false });
    }
    const { id } = await create();
    const events = await ask(`/v1/jobs/${id}/events`);
    expect(events.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const { lease } = (await store.claim('w'))!;
    await store.beat(lease, { step: 1, total: 3 });
    const seen: string[] = [];
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      seen.push(...value.split('\n').filter((line) => line.startsWith('data: ')));
      if (seen.length === 2) await store.complete(lease, new Uint8Array(1), null);
    }
    const states = seen.map((line) => (JSON.parse(line.slice(6)) as Job).state);
    expect(states[0]).toBe('queued');
    expect(states.at(-1)).toBe('done');
    expect(states).toContain('running');
  });

  it('let go of readers who leave', async () => {
    const { id } = await create();
    const leave = new AbortController();
    await ask(`/v1/jobs/${id}/events`, { signal: leave.signal });
    leave.abort();
    await until('health', async () => (await ask('/healthz')).ok);
  });
});

describe('what a client is told', () => {
  it('has the headers that keep pages and pictures apart', async () => {
    for (const path of ['/healthz', '/nowhere', '/openapi.json']) {
      const { headers } = await ask(path);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-powered-by')).toBeNull();
    }
  });

  it('of options that break a rule names the option', async () => {
    const hand = async (options: object) =>
      json<{ error: { where: string; message: string } }>('/v1/stylize', {
        method: 'POST',
        body: form({ content: await png(), styles: await png(), options }),
      });
    expect((await hand({ size: 4 })).error).toMatchObject({ code: 'bad_request', where: 'options.size' });
    expect((await hand({ size: 4096 })).error.message).toBe('must be at most 2048 here, got 4096');
    expect((await hand({ iterations: 9999 })).error.where).toBe('options.iterations');
    expect((await hand({ styleWeights: [1, 2] })).error.where).toBe('options.styleWeights');
    expect((await hand({ styleLayers: { relu9_9: 1 } })).error.message).toContain('relu9_9');
    expect((await hand({ history: 3 })).error.message).toContain('history');
  });

  it('counts in the metrics, by route and not by path', async () => {
    await ask(`/v1/jobs/${'0'.repeat(8)}-0000-4000-8000-${'0'.repeat(12)}`);
    const text = await (await ask('/metrics')).text();
    expect(text).toContain('facet_jobs{state="queued"}');
    expect(text).toMatch(
      /facet_http_request_seconds_count\{method="GET",route="\/v1\/jobs\/\{id\}",status="404"\} \d/,
    );
    expect(text).toContain('facet_http_problems_total{code="no_such_job"}');
    expect(text).not.toContain('00000000-0000');
  });
});

describe('the OpenAPI document', () => {
  it('describes every route with the schemas that check it', async () => {
    const document = await json<{
      openapi: string;
      paths: Record<
        string,
        Record<string, { requestBody?: unknown; responses: object; operationId: string }>
      >;
    }>('/openapi.json');
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(operations.sort()).toEqual(
      [
        'delete /v1/collections/{collection}/people/{person}',
        'delete /v1/jobs/{id}',
        'get /v1/collections',
        'get /v1/collections/{collection}/people',
        'get /v1/jobs',
        'get /v1/jobs/{id}',
        'get /v1/jobs/{id}/events',
        'get /v1/jobs/{id}/result',
        'patch /v1/collections/{collection}/people/{person}',
        'post /v1/faces/detect',
        'post /v1/faces/enroll',
        'post /v1/faces/identify',
        'post /v1/faces/verify',
        'post /v1/jobs/{id}/cancel',
        'post /v1/stylize',
      ].sort(),
    );
    const text = JSON.stringify(document.paths['/v1/stylize']);
    expect(text).toContain('"maximum":16384');
    expect(text).toContain('"enum":["adam","lbfgs"]');
    expect(text).not.toContain('"$schema"');
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
