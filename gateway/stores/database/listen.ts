import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from 'pg';
import type { PostgresLocation } from '../../settings/schema/postgres-url.ts';
import type { TlsSettings } from '../../settings/schema/settings.ts';
import type { ConnectionOwner } from './connection-owner.ts';
import { readOnlyServer } from './failure.ts';
import { clientConfig, type PostgresConnection } from './postgres.ts';

/**
 * Listens to the notices that PostgreSQL sends on a channel (`LISTEN`), over a connection of its own, which is closed at the end.
 * A pooler that gives each transaction another server connection accepts `LISTEN`, and then delivers nothing. It is recognised
 * by the process id, which such poolers invent.
 *
 * @returns `ended`: the connection has ended, is not to be used any more, or `signal` was aborted; `pooled`: there is a pooler
 * @throws Error when the connection fails, the server is a standby, or it does not answer any more
 */
export type Listen = (
  channel: string,
  receiver: { onListening(): void; onNotice(payload: string): void },
  signal: AbortSignal,
) => Promise<'ended' | 'pooled'>;

export interface Listener {
  readonly listen: Listen;
  /** Ends the present connections. */
  endAll(): void;
}

const KEEP_ALIVE = 5_000;
/** Milliseconds for each answer. */
const ANSWER = 2_000;

/**
 * @param tls how the next connections are secured
 * @param timeout milliseconds for connecting
 * @param keepAlive milliseconds between two questions to the server, which show that the connection is alive
 */
export function postgresListener(
  location: PostgresLocation,
  { timeout, tls }: { timeout: number; tls: () => TlsSettings | undefined },
  { onConnection, isUsable }: ConnectionOwner,
  keepAlive = KEEP_ALIVE,
): Listener {
  const sockets = new Set<Socket>();

  const listen: Listen = async (channel, { onListening, onNotice }, signal) => {
    // Loaded on demand, as knex does: gateways with another database start faster.
    const { Client } = await import('pg');
    const client = new Client(clientConfig(location, tls(), timeout));
    const socket = socketOf(client);
    sockets.add(socket);
    onConnection(socket);
    // 'end' follows.
    client.on('error', () => {});
    const ended = new AbortController();
    client.once('end', () => ended.abort());
    const isOver = AbortSignal.any([signal, ended.signal]);
    const mayGoOn = () => !signal.aborted && isUsable(socket);
    try {
      await client.connect();
      if (await isPooled(client)) return 'pooled';
      client.on('notification', ({ payload = '' }) => onNotice(payload));
      await ask(client, `listen ${channel}`);
      onListening();
      while (mayGoOn()) {
        await pause(keepAlive, undefined, { signal: isOver, ref: false }).catch(() => {});
        if (mayGoOn()) await ask(client, 'select 1');
      }
      return 'ended';
    } finally {
      sockets.delete(socket);
      void client.end().catch(() => {});
      // A server that hangs would not close its side.
      socketOf(client).destroySoon();
    }
  };

  return {
    listen,
    endAll() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** With TLS, another one after connecting, around the first. */
function socketOf(client: Client): Socket {
  return (client as unknown as PostgresConnection).connection.stream;
}

/** @throws Error when the server is a standby */
async function isPooled(client: Client): Promise<boolean> {
  const [row] = await ask<{ pid: number; standby: boolean }>(
    client,
    'select pg_backend_pid() as pid, pg_is_in_recovery() as standby',
  );
  if (row?.standby) throw readOnlyServer();
  return row?.pid !== (client as unknown as PostgresConnection).processID;
}

async function ask<Row extends object>(client: Client, text: string): Promise<Row[]> {
  const statement = { text, query_timeout: ANSWER };
  return (await client.query<Row>(statement)).rows;
}
