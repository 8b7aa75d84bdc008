import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Logger } from '../ops/log.ts';
import type { Database } from '../stores/database/connection.ts';
import { readOnlyServer } from '../stores/database/failure.ts';
import { NOTICES } from './history.ts';

/** Wakes this process when another one has revoked something. */
export interface Notices {
  close(): void;
}

/** Milliseconds before a lost connection is replaced; doubled after each failure. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 30_000;
/** Milliseconds between two questions to the server, which show that the connection is alive; and for each answer. */
const KEEP_ALIVE = 5_000;
const ANSWER = 2_000;

const POLLED = 'revocations of other nodes are read from the database twice a second, and not at once';

/**
 * Listens to the notices that PostgreSQL sends when a transaction that has revoked something is committed (`LISTEN`), over a
 * connection of its own. A notice only says that the database is worth reading: without it, revocations are read by polling.
 * So nothing here waits for another part, and no part waits for this one.
 *
 * A pooler that gives each transaction another server connection accepts `LISTEN`, and then delivers nothing. It is
 * recognised by the process id, which such poolers invent. Then this gives up.
 *
 * @param onNotice receives the position of the newest revocation
 */
export function followNotices(database: Database, log: Logger, onNotice: (position: number) => void): Notices {
  const stopping = new AbortController();
  const { signal } = stopping;

  const follow = async () => {
    let failures = 0;
    while (!signal.aborted) {
      try {
        const client = await connect(database);
        const ended = new Promise<void>((resolve) => client.once('end', resolve));
        const close = () => void client.end().catch(() => {});
        signal.addEventListener('abort', close);
        try {
          if (await isPooled(client)) {
            log.info({ cause: 'a pooler is in front of PostgreSQL' }, POLLED);
            return;
          }
          client.on('notification', ({ payload }) => onNotice(Number(payload)));
          await ask(client, `listen ${NOTICES}`);
          if (failures > 1) log.info('revocations of other nodes arrive at once again');
          failures = 0;
          await untilSilent(client, ended, signal);
        } finally {
          signal.removeEventListener('abort', close);
          close();
        }
      } catch (error) {
        failures++;
        // The first failure is often that of a server that restarts.
        if (failures === 2 && !signal.aborted) log.info({ cause: (error as Error).message }, POLLED);
      }
      const wait = Math.min(FIRST_PAUSE * 2 ** failures, LONGEST_PAUSE);
      await pause(wait, undefined, { signal, ref: false }).catch(() => {});
    }
  };
  void follow();

  return { close: () => stopping.abort() };
}

/** One more connection, as the newest one of the pool is made; the pool does not know of it. */
function connect({ sql }: Database): Promise<Client> {
  return sql.client.acquireRawConnection();
}

async function isPooled(client: Client): Promise<boolean> {
  const [row] = await ask<{ pid: number; standby: boolean }>(
    client,
    'select pg_backend_pid() as pid, pg_is_in_recovery() as standby',
  );
  if (row?.standby) throw readOnlyServer();
  // pg has it as a number; its types do not know it.
  return row?.pid !== (client as Client & { readonly processID: number }).processID;
}

/** Resolves when the connection has ended, or rejects when the server does not answer over it any more. */
async function untilSilent(client: Client, ended: Promise<void>, signal: AbortSignal): Promise<void> {
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  while (!isOver && !signal.aborted) {
    await Promise.race([ended, pause(KEEP_ALIVE, undefined, { signal, ref: false }).catch(() => {})]);
    if (!isOver && !signal.aborted) await ask(client, 'select 1');
  }
}

async function ask<Row extends object>(client: Client, text: string): Promise<Row[]> {
  const statement = { text, query_timeout: ANSWER };
  return (await client.query<Row>(statement)).rows;
}
