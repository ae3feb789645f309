// A connection to PostgreSQL: statements, transactions, and its errors in our words.
import pg from 'pg';
import { CairnError } from '../../errors.ts';
import type { PostgresAddress } from './address.ts';

/** Anything that runs statements: a pool, or the connection of a transaction. */
export type Queryable = Pick<pg.ClientBase, 'query'>;

export interface DatabaseOptions {
  /** Connections at most; 8 when left out. */
  readonly connections?: number;
}

const CONNECT_MS = 10_000;

/** Call `close` when done: open connections keep a process alive. */
export class Database {
  readonly #pool: pg.Pool;

  constructor(
    readonly address: PostgresAddress,
    options: DatabaseOptions = {},
  ) {
    this.#pool = new pg.Pool({
      connectionString: address.connection,
      max: options.connections ?? 8,
      connectionTimeoutMillis: CONNECT_MS,
      application_name: 'cairn',
      keepAlive: true,
    });
    // A connection that breaks while idle is replaced at the next query; unheard, it would end the process.
    this.#pool.on('error', () => undefined);
  }

  /** One statement. Throws `storage-failed`, `storage-full`, `timeout`. */
  async query<R extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<R[]> {
    try {
      return (await this.#pool.query<R>(text, values)).rows;
    } catch (thrown) {
      throw inOurWords(thrown, this.address);
    }
  }

  /**
   * Several statements, all or none.
   * @param begin the first statements, sent at once, such as `BEGIN READ ONLY; SET LOCAL …`
   * @throws what `work` throws, and as {@link query}
   */
  async transaction<T>(
    work: (connection: pg.PoolClient) => Promise<T>,
    begin = 'BEGIN',
  ): Promise<T> {
    let connection: pg.PoolClient | undefined;
    try {
      connection = await this.#pool.connect();
      await connection.query(begin);
      const result = await work(connection);
      await connection.query('COMMIT');
      connection.release();
      return result;
    } catch (thrown) {
      // A connection that cannot even roll back is closed, which rolls back too.
      const broken = await connection?.query('ROLLBACK').then(
        () => false,
        () => true,
      );
      connection?.release(broken);
      throw inOurWords(thrown, this.address);
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}

/** SQLSTATE of a statement on a table that is not there (any more). */
const UNDEFINED_TABLE = '42P01';

/** Whether a table was gone: a collection that was replaced since. */
export function isGone(thrown: unknown): boolean {
  return thrown instanceof CairnError && sqlState(thrown.cause) === UNDEFINED_TABLE;
}

function sqlState(thrown: unknown): string | undefined {
  return (thrown as { code?: string } | undefined)?.code;
}

function inOurWords(thrown: unknown, { shown }: PostgresAddress): CairnError {
  if (thrown instanceof CairnError) return thrown;
  const cause = { cause: thrown };
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  switch (sqlState(thrown)) {
    case '57014':
      return new CairnError(
        'timeout',
        'The database took too long and was stopped.',
        'Try again; if it stays so, look at what else the database does.',
        cause,
      );
    case '53100':
      return new CairnError(
        'storage-full',
        'The disk of the database is full.',
        'Make room on the disk of PostgreSQL and try again.',
        cause,
      );
    default:
      return new CairnError(
        'storage-failed',
        `The database ${shown} failed: ${message}.`,
        'Check that PostgreSQL runs there, that it lets this user in, and that pgvector is installed.',
        cause,
      );
  }
}
