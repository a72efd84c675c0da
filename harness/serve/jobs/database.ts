// What the job store asks of a database. SQL is written once, for SQLite and PostgreSQL both: parameters are $1, $2 …,
// times are double precision milliseconds, truth values 0 and 1.

/** What SQL takes. */
export type JobValue = string | number | Uint8Array | null;

/** Runs one statement of a transaction; rows are arrays of their columns. */
export type JobQuery = <Row extends unknown[]>(sql: string, values?: readonly JobValue[]) => Promise<Row[]>;

/** A database with a queue of job numbers that is changed in the same transactions. */
export interface JobDatabase {
  readonly location: string;
  /** SQL of the database's own time in ms: machines may disagree, the store does not. */
  readonly now: string;
  /** Appended to a select that is followed by a change of the row. */
  readonly forUpdate: string;
  /** All of `work` or nothing. It may run twice where the connection is lost before its end. */
  transaction<T>(work: (query: JobQuery) => Promise<T>): Promise<T>;
  /** The same for pictures and checkpoints, which take long: beside the transactions, where the database can. */
  bulk<T>(work: (query: JobQuery) => Promise<T>): Promise<T>;
  /**
   * Puts a job behind all that wait, to be taken in `delay` ms at the earliest; one that comes back, `again`, before
   * those that nobody has begun.
   */
  enqueue(query: JobQuery, id: string, delay: number, again: boolean): Promise<void>;
  /** Takes the job that has waited longest; no other transaction sees it until this one has ended. */
  dequeue(query: JobQuery): Promise<string | undefined>;
  /** Takes a job out of the queue that nobody is to work on. */
  forget(query: JobQuery, id: string): Promise<void>;
  close(): Promise<void>;
}
