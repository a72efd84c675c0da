// The store in PostgreSQL: the server of this machine, or PGlite over the wire where there is none.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openJobDatabase } from '../../../harness/serve/jobs/postgres-jobs.js';
import { startDatabase, type TestDatabase } from '../database.js';
import { conforms } from './conformance.js';

let database: TestDatabase;
let number = 0;
beforeAll(async () => {
  database = await startDatabase();
}, 300_000);
afterAll(() => database?.stop());

conforms(
  (options) => openJobDatabase(database.url, { schema: `jobs_${number}`, ...options }),
  async () => {
    number++;
  },
);

it('tells a server that does not answer, without the password', async () => {
  const opening = openJobDatabase('postgres://facet:s3cret@127.0.0.1:1/x');
  await expect(opening).rejects.toThrow('postgresql://127.0.0.1:1/x: no server answers there');
  await expect(opening).rejects.not.toThrow('s3cret');
});

it('refuses a schema of another form', async () => {
  await expect(openJobDatabase(database.url, { schema: 'a"b' })).rejects.toThrow(
    '1 to 40 lower-case letters',
  );
});
