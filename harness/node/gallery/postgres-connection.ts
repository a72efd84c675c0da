// One connection to PostgreSQL: transactions one after the other, a second try where the connection was lost, and errors
// in a line each, none of them with the password.
import type pg from 'pg';
import { InputError } from '../../../src/base/errors.js';
import { reasonOf } from '../overwrite.js';

/** What SQL takes. */
export type PostgresValue = string | number | Uint8Array | null | readonly (string | Uint8Array | null)[];

/** Runs one statement of a transaction; rows are arrays of their columns. */
export type Query = <Row extends unknown[]>(sql: string, values?: readonly PostgresValue[]) => Promise<Row[]>;

/** Runs statements as pg-boss does: several in one text where there are no values, rows are objects. */
export interface SqlExecutor {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** How long to wait for a connection or for another program's lock, in ms. */
const TIMEOUT = 10_000;

/** A connection that is made when it is needed. */
export class PostgresConnection {
  /** Host, port and database. */
  readonly location: string;
  private client: pg.Client | undefined;
  /** Ends when the last transaction so far has ended. */
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly makeClient: () => pg.Client,
    client: pg.Client,
  ) {
    this.location = `postgresql://${client.host}:${client.port}/${client.database ?? ''}`;
  }

  /** `url` as postgres://USER:PASSWORD@HOST:PORT/DATABASE. Does not connect yet. */
  static async of(url: string): Promise<PostgresConnection> {
    // Loaded here, so that a program without a database does not load the driver.
    const { default: driver } = await import('pg');
    const make = () => {
      return new driver.Client({
        connectionString: url,
        connectionTimeoutMillis: TIMEOUT,
        lock_timeout: TIMEOUT,
        application_name: 'facet',
      });
    };
    try {
      if (!/^postgres(?:ql)?:\/\//.test(url)) throw new TypeError('another scheme');
      return new PostgresConnection(make, make());
    } catch (error) {
      // A file of the TLS options (sslrootcert, sslcert, sslkey) is read at once.
      if (isFileError(error))
        throw new InputError(`${error.path}: ${reasonOf(error)}; the address names it for TLS`);
      // Without the cause: it holds the whole string with the password.
      throw new InputError(
        'the connection string must have the form postgres://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX',
      );
    }
  }

  /** Statements that see one moment and change nothing. */
  read<T>(work: (query: Query, executor: SqlExecutor) => Promise<T>): Promise<T> {
    return this.inTurn('begin isolation level repeatable read read only', work);
  }

  /**
   * All of `work` or nothing, durable when it resolves. `work` may run twice: where the connection is lost before
   * the commit, it is made again once. Where it is lost in the commit nobody knows whether it took place, and
   * InputError says so.
   */
  write<T>(work: (query: Query, executor: SqlExecutor) => Promise<T>): Promise<T> {
    return this.inTurn('begin', work);
  }

  async close(): Promise<void> {
    await this.last.catch(() => undefined);
    const { client } = this;
    this.client = undefined;
    await client?.end();
  }

  private inTurn<T>(begin: string, work: (query: Query, executor: SqlExecutor) => Promise<T>): Promise<T> {
    const turn = async () => {
      try {
        return await this.transaction(begin, work);
      } catch (error) {
        if (!isLost(error)) throw this.explain(error);
      }
      try {
        return await this.transaction(begin, work);
      } catch (error) {
        throw this.explain(error);
      }
    };
    // The one before has told its own caller how it ended.
    const result = this.last.then(turn, turn);
    this.last = result;
    return result;
  }

  private async transaction<T>(
    begin: string,
    work: (query: Query, executor: SqlExecutor) => Promise<T>,
  ): Promise<T> {
    const client = await this.connect();
    const query: Query = async <Row extends unknown[]>(
      sql: string,
      values: readonly PostgresValue[] = [],
    ) => {
      const { rows } = await client.query<Row>({ text: sql, values: [...values], rowMode: 'array' });
      return rows;
    };
    const executor: SqlExecutor = {
      executeSql: async (text, values) => {
        const { rows } = await client.query<Record<string, unknown>>(text, values);
        return { rows };
      },
    };
    await client.query(begin);
    let result: T;
    try {
      result = await work(query, executor);
    } catch (error) {
      // On a lost connection the server has rolled back by itself.
      await client.query('rollback').catch(() => this.forget(client));
      throw error;
    }
    try {
      await client.query('commit');
    } catch (error) {
      if (!isLost(error)) throw error;
      this.forget(client);
      throw new InputError(
        `${this.location}: the connection was lost while a change was committed, which may or may not have taken place; run it again`,
        { cause: error },
      );
    }
    return result;
  }

  private async connect(): Promise<pg.Client> {
    if (this.client) return this.client;
    const client = this.makeClient();
    // A connection that is lost between two transactions is made anew by the next.
    client.on('error', () => this.forget(client));
    client.on('end', () => this.forget(client));
    await client.connect();
    this.client = client;
    return client;
  }

  private forget(client: pg.Client): void {
    if (this.client === client) this.client = undefined;
  }

  private explain(error: unknown): unknown {
    if (error instanceof InputError || !(error instanceof Error)) return error;
    const code = codeOf(error);
    // The driver's own timeout has no code.
    const name = error.message.startsWith('timeout expired') ? 'ETIMEDOUT' : code;
    const told =
      TEXTS[name] ?? tlsText(error) ?? (isLost(error) ? 'the connection to the server was lost' : undefined);
    if (told === undefined) return error;
    const detail = DETAILED.has(code) ? ` (${error.message})` : '';
    return new InputError(`${this.location}: ${told}${detail}`, { cause: error });
  }
}

/** By SQLSTATE (PostgreSQL manual, appendix A) or by the system's code. */
const TEXTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no server answers there (connection refused)',
  ENOTFOUND: 'the host is not known',
  EAI_AGAIN: 'the host cannot be looked up now',
  ETIMEDOUT: 'the server does not answer',
  EHOSTUNREACH: 'the host cannot be reached',
  '28P01': 'the user or the password is not accepted',
  '28000': 'the user may not log in',
  '3D000': 'there is no such database',
  '42501': 'the user may not do that',
  '53100': 'the disk of the server is full; nothing was changed',
  '53300': 'the server has too many connections; try again later',
  '55P03': `another program has been writing to the gallery for ${TIMEOUT / 1000} s; try again when it is done`,
  '40P01': 'another program was changing the same people; nothing was changed, try again',
  '57014': 'the server has ended the statement (timeout); nothing was changed',
};

/** Codes whose message tells what exactly: a right, a name. */
const DETAILED: ReadonlySet<string> = new Set(['42501', 'ERR_TLS_CERT_ALTNAME_INVALID']);

/** What is wrong with the TLS that the address asks for (sslmode), by the codes of Node and OpenSSL. */
function tlsText(error: Error): string | undefined {
  const code = codeOf(error);
  switch (code) {
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return "the server's certificate is for another host";
    case 'CERT_HAS_EXPIRED':
      return "the server's certificate has expired";
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `the server's certificate is signed by nobody known here (${code}); sslrootcert=FILE names the authority that signed it`;
  }
  // The driver's own errors have no code.
  if (/server does not support SSL/.test(error.message))
    return 'the server does not speak TLS, which the address asks for (sslmode)';
  if (/error establishing an SSL connection/.test(error.message)) return 'TLS with the server failed';
  return /^(?:ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO$|CERT_|CRL_|UNABLE_TO_|HOSTNAME_MISMATCH$|INVALID_(?:CA|PURPOSE)$)/.test(
    code,
  )
    ? `TLS with the server failed (${code})`
    : undefined;
}

function isFileError(error: unknown): error is NodeJS.ErrnoException & { readonly path: string } {
  return error instanceof Error && 'syscall' in error && 'path' in error && typeof error.path === 'string';
}

/** The SQLSTATE or system code of an error, empty without. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function isLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // The driver's own errors have no code.
  const driver = /^Connection terminated|connection error and is not queryable|^timeout expired/;
  return /^(?:ECONNRESET|EPIPE|08\w{3}|57P0[123])$/.test(codeOf(error)) || driver.test(error.message);
}
