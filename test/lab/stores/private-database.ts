import { createConnection } from 'mysql2/promise';
import type { MysqlLocation } from '../../../gateway/settings/schema/database-url.ts';
import type { PostgresLocation } from '../../../gateway/settings/schema/postgres-url.ts';
import { HERE } from '../processes/place.ts';
import type { Scope } from '../scope.ts';
import { type PrivateMariadb, privateMariadb } from './mariadb.ts';
import { type PrivatePostgres, privatePostgres } from './postgres.ts';

/** For the tests of outages, which run over each of them. */
export const SERVERS = ['mysql', 'postgres'] as const;

export type ServerKind = (typeof SERVERS)[number];

/** A database server for one test file, which can be stopped, killed and paused without affecting other files. */
export interface PrivateDatabase extends Pick<PrivateMariadb, 'start' | 'stop' | 'kill' | 'pause' | 'continue'> {
  readonly location: MysqlLocation | PostgresLocation;
  /** Ends all connections to the database `gatehouse`, as an administrator can. @returns how many */
  endConnections(): Promise<number>;
  /** The statements that it executes, or that wait for a lock. */
  runningStatements(): Promise<string[]>;
  /** The number of transactions that are open in the database `gatehouse`. */
  openTransactions(): Promise<number>;
}

export async function privateDatabase(t: Scope, kind: ServerKind, place = HERE): Promise<PrivateDatabase> {
  if (kind === 'mysql') return ofMariadb(await privateMariadb(t, undefined, place));
  return ofPostgres(await privatePostgres(t, place));
}

function ofMariadb(server: PrivateMariadb): PrivateDatabase {
  const { host, port, user } = server.location;
  const administer = async <Row>(statement: string): Promise<Row[]> => {
    const connection = await createConnection({ host, port, user });
    try {
      return (await connection.query(statement))[0] as Row[];
    } finally {
      await connection.end();
    }
  };
  return {
    ...server,
    async endConnections() {
      const threads = await administer<{ Id: number; db: string | null }>('show processlist');
      const ended = threads.filter(({ db }) => db === 'gatehouse');
      for (const { Id } of ended) await administer(`kill ${Id}`).catch(unlessItIsGone);
      return ended.length;
    },
    async runningStatements() {
      const threads = await administer<{ Info: string | null }>('show processlist');
      return threads.flatMap(({ Info }) => Info ?? []);
    },
    async openTransactions() {
      const open = await administer(
        "select trx_id from information_schema.innodb_trx where trx_mysql_thread_id in (select id from information_schema.processlist where command <> 'Daemon')",
      );
      return open.length;
    },
  };
}

/** The connection has ended since the list was read. */
function unlessItIsGone(error: unknown): void {
  if ((error as { code?: unknown }).code !== 'ER_NO_SUCH_THREAD') throw error;
}

const CLIENTS = "from pg_stat_activity where datname = 'gatehouse' and pid <> pg_backend_pid()";

function ofPostgres(server: PrivatePostgres): PrivateDatabase {
  const { administer } = server;
  return {
    ...server,
    endConnections: async () => (await administer(`select pg_terminate_backend(pid) ${CLIENTS}`)).length,
    async runningStatements() {
      const active = await administer<{ query: string }>(`select query ${CLIENTS} and state = 'active'`);
      return active.map(({ query }) => query);
    },
    async openTransactions() {
      return (await administer(`select pid ${CLIENTS} and xact_start is not null`)).length;
    },
  };
}
