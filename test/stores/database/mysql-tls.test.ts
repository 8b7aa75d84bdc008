import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { explained } from '../../../gateway/cli/with-database.ts';
import type { TlsSettings } from '../../../gateway/settings/schema/settings.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { fileScope } from '../../lab/scope.ts';
import {
  AUTHORITY,
  CLIENT,
  EXPIRED_CLIENT,
  EXPIRED_SERVER,
  type KeyPair,
  LOCAL_SERVER,
  NAMED_SERVER,
  SERVER,
  STRANGER,
} from '../../support/stores/certificates.ts';
import { type TlsMariadb, tlsMariadb } from '../../support/stores/tls-mariadb.ts';

const CA = { ca: AUTHORITY.cert };
const NO_TLS = undefined;

const scope = fileScope();
let server: TlsMariadb;
test.before(async () => {
  server = await tlsMariadb(scope);
});

test.serial('with database.tls, passwords and queries are encrypted', async (t) => {
  t.regex(await cipherOf(opened(t, 'secure', CA)), /^TLS_/);
  t.is(await cipherOf(opened(t, 'plain', NO_TLS)), '');
});

test.serial('a client certificate opens the database to a user who must have one', async (t) => {
  const tls = { ...CA, certificate: CLIENT.cert, key: CLIENT.key };
  t.regex(await cipherOf(opened(t, 'proven', tls)), /^TLS_/);
});

const OUR_OWN = { ...CA, certificate: CLIENT.cert, key: CLIENT.key };
const REFUSALS: readonly [title: string, KeyPair, 'plain' | 'secure' | 'proven', TlsSettings | undefined, RegExp][] = [
  ['a user who needs TLS', SERVER, 'secure', NO_TLS, /or the server requires TLS: set database\.tls\.$/],
  ['a user who needs a certificate', SERVER, 'proven', CA, /requires a client certificate.*: set database\.tls\.cert/],
  ["an authority that is not Node's", SERVER, 'plain', {}, /certificate of the authority .* into database\.tls\.ca\.$/],
  ['another authority', SERVER, 'plain', { ca: STRANGER.cert }, /into database\.tls\.ca\.$/],
  ['an expired certificate', EXPIRED_SERVER, 'plain', CA, /has expired: renew the server's certificate\.$/],
  ['another name', SERVER, 'plain', { ...CA, serverName: 'other.test' }, /other\.test.*database\.tls\.serverName\.$/],
  ['another address', NAMED_SERVER, 'plain', CA, /127\.0\.0\.1.*database\.tls\.serverName\.$/],
  // mysql2 by itself accepts this one: see workarounds/mysql2-server-name.ts.
  ['localhost instead of an address', LOCAL_SERVER, 'plain', CA, /127\.0\.0\.1.*database\.tls\.serverName\.$/],
  [
    'a client certificate that has expired',
    SERVER,
    'plain',
    { ...CA, certificate: EXPIRED_CLIENT.cert, key: EXPIRED_CLIENT.key },
    /alert certificate expired: the certificate in database\.tls\.certificate has expired: renew it\.$/,
  ],
];
for (const [title, pair, user, tls, message] of REFUSALS) {
  test.serial(`${title} gives one line that says what to set`, async (t) => {
    await server.present(pair);
    t.regex(await failureOf(opened(t, user, tls)), message);
    await server.present(SERVER);
  });
}

test.serial('serverName is the name that the certificate must have', async (t) => {
  await server.present(NAMED_SERVER);
  t.regex(await cipherOf(opened(t, 'plain', { ...CA, serverName: 'db.test' })), /^TLS_/);
  await server.present(LOCAL_SERVER);
  t.regex(await cipherOf(opened(t, 'plain', CA, { host: 'localhost' })), /^TLS_/);
  await server.present(SERVER);
});

test.serial('a server with require_secure_transport says what to set', async (t) => {
  await server.administrator.query('set global require_secure_transport = on');
  t.regex(await failureOf(opened(t, 'plain', NO_TLS)), /or the server requires TLS: set database\.tls\.$/);
  t.regex(await cipherOf(opened(t, 'plain', CA)), /^TLS_/);
  await server.administrator.query('set global require_secure_transport = off');
});

test.serial('whoever strips the offer of TLS from the greeting gets not one byte of the client', async (t) => {
  const { port, received } = await strippingProxy(t);
  const message = await failureOf(opened(t, 'plain', CA, { port }));
  t.regex(message, /turn TLS on at the server, or leave out database\.tls.*; nothing was sent/);
  t.is(received(), 0);
});

test.serial('another certificate is used for all connections after a reload, without a restart', async (t) => {
  const database = opened(t, 'plain', CA);
  t.regex(await cipherOf(database), /^TLS_/);
  database.useTls({ ...CA });
  t.is(await connectionIdOf(database), await connectionIdOf(database), 'the same settings change nothing');
  database.useTls({ ...CA, serverName: 'other.test' });
  t.regex(await failureOf(database), /other\.test/);
  database.useTls(OUR_OWN);
  t.regex(await cipherOf(database), /^TLS_/);
});

function opened(
  t: ExecutionContext,
  user: 'plain' | 'secure' | 'proven',
  tls: TlsSettings | undefined,
  place: { host?: string; port?: number } = {},
): Database {
  const database = openDatabase({ ...server.locationFor(user), ...place }, { timeout: 10_000, tls });
  t.teardown(() => database.close());
  return database;
}

/** The cipher of the connection; empty without TLS. */
async function cipherOf({ sql, query }: Database): Promise<string> {
  const [[status] = []]: { Value: string }[][] = await query(sql.raw("show status like 'Ssl_cipher'"));
  return status?.Value ?? 'unknown';
}

async function connectionIdOf({ sql, query }: Database): Promise<number> {
  const [[found] = []]: { id: number }[][] = await query(sql.raw('select connection_id() as id'));
  return found?.id ?? Number.NaN;
}

/** The line that commands print when they cannot connect. */
async function failureOf(database: Database): Promise<string> {
  const error = explained('gateway.yaml', await database.ping().catch((failure: unknown) => failure));
  return error instanceof Error ? error.message : 'connected';
}

/** The capability flag CLIENT_SSL, in the second byte of the lower flags of the greeting (protocol version 10). */
const OFFER_OF_TLS = 0x08;

/** Stands between the gateway and the server, and counts the bytes of the gateway. */
async function strippingProxy(t: ExecutionContext): Promise<{ port: number; received: () => number }> {
  let count = 0;
  const { host, port } = server.locationFor('plain');
  const proxy = createServer((client) => {
    const behind = connect(port, host);
    behind.once('data', (greeting: Buffer) => {
      const version = greeting.indexOf(0, 5);
      const flags = version + 1 + 4 + 8 + 1;
      greeting[flags + 1] = (greeting[flags + 1] ?? 0) & ~OFFER_OF_TLS;
      client.write(greeting);
    });
    client.on('data', (bytes) => {
      count += bytes.length;
    });
    for (const socket of [client, behind]) socket.on('error', () => {});
    client.on('close', () => behind.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.teardown(() => proxy.close());
  return { port: (proxy.address() as AddressInfo).port, received: () => count };
}
