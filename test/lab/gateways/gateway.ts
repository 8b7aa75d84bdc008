import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import { type AccountStore, sqlAccountStore } from '../../../gateway/stores/accounts/store.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { migrate } from '../../../gateway/stores/database/migrate.ts';
import type { Scope } from '../scope.ts';
import { SELF_SIGNED } from '../upstreams/self-signed.ts';
import { type LogLine, startInProcess } from './in-process.ts';
import { tlsBridge } from './tls-bridge.ts';

export type { LogLine } from './in-process.ts';

/** Runs the tests of this process over TLS. */
const IS_OVER_TLS = process.env.GATEHOUSE_TEST_TLS === '1';
/** Low enough for tests; the gateway's own default is 12. */
const PASSWORD_COST = 4;

export const ADA = { email: 'ada@example.com', password: 'correct horse' };
export const BOB = { email: 'bob@example.com', password: 'battery staple' };

export interface TestGateway {
  readonly url: string;
  /** 0 with `listen.socket`. */
  readonly port: number;
  readonly opsUrl: string;
  /** Where other proxies ask; empty without `decisions`. */
  readonly decisionsUrl: string;
  /** Where http is sent to https; empty without `listen.redirect`. */
  readonly redirectUrl: string;
  readonly log: LogLine[];
  readonly accounts: AccountStore;
  /** A separate connection to the gateway's database. */
  readonly database: Database;
  /** Resolves with the first log line that matches, as soon as it is written. */
  logged(matches: (line: LogLine) => boolean): Promise<LogLine>;
  /** Applies other settings, as in the configuration file. @param changed replace whole sections of the first ones */
  reload(changed: Record<string, unknown>): Promise<void>;
  /** Issues a token for Ada. */
  token(): Promise<string>;
}

export function basic({ email, password }: { email: string; password: string }): string {
  return `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`;
}

async function addPeople(accounts: AccountStore): Promise<void> {
  for (const [account, confirmed] of [[ADA, true] as const, [BOB, false] as const]) {
    await accounts.add({
      email: account.email,
      passwordHash: await hashPassword(account.password, PASSWORD_COST),
      confirmed,
    });
  }
}

/** An SQLite file with Ada and Bob. Each test file makes it once: a copy takes less time than the migrations. */
async function makeFile(): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  const file = join(folder, 'gateway.sqlite');
  try {
    const database = openDatabase({ kind: 'sqlite', file }, { timeout: 5_000 });
    await migrate(database);
    await addPeople(sqlAccountStore(database));
    await database.close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

let madeFile: Promise<Buffer> | undefined;

/**
 * Starts a gateway in this process, on free ports, with its own SQLite database, in which Ada (id 1) is confirmed
 * and Bob (id 2) is not.
 *
 * @param settings as in the configuration file
 */
export async function testGateway(t: Scope, settings: Record<string, unknown>): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'gateway.sqlite');
  const hasOwnDatabase = settings.database !== undefined;
  if (!hasOwnDatabase) {
    madeFile ??= makeFile();
    writeFileSync(file, await madeFile);
  }
  const {
    gateway,
    settings: checked,
    log,
    logged,
    reload,
  } = await startInProcess(t, {
    ops: { port: 0 },
    database: { url: `sqlite:${file}` },
    // Changes that a test makes directly in the database must take effect at once.
    accounts: { passwordCost: PASSWORD_COST, cache: '1ms' },
    ...settings,
    listen: {
      ...freePortOf(settings.listen),
      ...(IS_OVER_TLS && { tls: { certificate: SELF_SIGNED.cert, key: SELF_SIGNED.key } }),
      ...(settings.listen as object | undefined),
    },
  });

  const database = openDatabase(checked.database.url, { timeout: 5_000 });
  t.teardown(() => database.close());
  const accounts = sqlAccountStore(database);
  if (hasOwnDatabase) await addPeople(accounts);

  const port = gateway.url.startsWith('unix:') ? 0 : Number(new URL(gateway.url).port);
  const bridged = IS_OVER_TLS ? await tlsBridge(t, port) : port;
  const url = IS_OVER_TLS ? `http://127.0.0.1:${bridged}` : gateway.url;

  return {
    url,
    port: bridged,
    opsUrl: gateway.opsUrl,
    decisionsUrl: gateway.decisionsUrl ?? '',
    redirectUrl: gateway.redirectUrl ?? '',
    log,
    accounts,
    database,
    logged,
    reload,
    async token() {
      const answer = await fetch(`${url}/api/v1/tokens/`, {
        method: 'POST',
        headers: { Authorization: basic(ADA) },
      });
      return ((await answer.json()) as { token: string }).token;
    },
  };
}

/** Any free port, unless the gateway listens on a Unix socket. */
function freePortOf(listen: unknown): { readonly port?: number } {
  return typeof listen === 'object' && listen !== null && 'socket' in listen ? {} : { port: 0 };
}
