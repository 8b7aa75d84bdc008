import test, { type ExecutionContext } from 'ava';
import { explained } from '../../../gateway/cli/with-database.ts';
import type { SslMode } from '../../../gateway/settings/schema/postgres-url.ts';
import type { TlsSettings } from '../../../gateway/settings/schema/settings.ts';
import { type Database, openDatabase } from '../../../gateway/stores/database/connection.ts';
import { fileScope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
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
import { type TlsPostgres, tlsPostgres } from '../../support/stores/tls-postgres.ts';

type User = 'plain' | 'secure' | 'proven';
interface Way {
  readonly user: User;
  readonly sslmode?: SslMode;
  readonly tls?: TlsSettings;
}

const CA = { ca: AUTHORITY.cert };
const OWN = { certificate: CLIENT.cert, key: CLIENT.key };
const EXPIRED = { certificate: EXPIRED_CLIENT.cert, key: EXPIRED_CLIENT.key };

const scope = fileScope();
let server: TlsPostgres;
test.before(async () => {
  server = await tlsPostgres(scope);
});

const ACCEPTED: readonly [title: string, KeyPair | null, Way, encrypted: boolean][] = [
  ['without TLS, where the server has none', null, { user: 'plain' }, false],
  ['without TLS by default', SERVER, { user: 'plain' }, false],
  ['without TLS by sslmode=disable', SERVER, { user: 'plain', sslmode: 'disable' }, false],
  ['by TLS, with database.tls alone', SERVER, { user: 'secure', tls: CA }, true],
  ['by TLS, with sslmode=verify-full', SERVER, { user: 'secure', sslmode: 'verify-full', tls: CA }, true],
  ['by TLS, with a client certificate', SERVER, { user: 'proven', tls: { ...CA, ...OWN } }, true],
  [
    'with sslmode=require, whose certificate nobody checks',
    EXPIRED_SERVER,
    { user: 'secure', sslmode: 'require' },
    true,
  ],
  ['with sslmode=require and a client certificate', SERVER, { user: 'proven', sslmode: 'require', tls: OWN }, true],
  ['with sslmode=verify-ca, whatever its name', NAMED_SERVER, { user: 'secure', sslmode: 'verify-ca', tls: CA }, true],
  ['by serverName', NAMED_SERVER, { user: 'secure', tls: { ...CA, serverName: 'db.test' } }, true],
];
for (const [title, pair, way, encrypted] of ACCEPTED) {
  test.serial(`the gateway connects ${title}`, async (t) => {
    await server.present(pair);
    t.is(await isEncrypted(opened(t, way)), encrypted);
  });
}

const REFUSALS: readonly [title: string, KeyPair | null, Way, RegExp][] = [
  [
    'a user who needs TLS',
    SERVER,
    { user: 'secure' },
    /no encryption: if the server requires TLS .* set database\.tls;/,
  ],
  ['a user who needs a certificate', SERVER, { user: 'proven', tls: CA }, /: set database\.tls\.certificate and/],
  ['a server without TLS', null, { user: 'plain', tls: CA }, /turn TLS on at the server.*nothing was sent/],
  [
    'an authority that Node does not know',
    SERVER,
    { user: 'plain', sslmode: 'verify-full' },
    /into database\.tls\.ca\.$/,
  ],
  ['another authority', SERVER, { user: 'plain', tls: { ca: STRANGER.cert } }, /into database\.tls\.ca\.$/],
  [
    'another authority with sslmode=verify-ca',
    SERVER,
    { user: 'plain', sslmode: 'verify-ca', tls: { ca: STRANGER.cert } },
    /into database\.tls\.ca\.$/,
  ],
  ['an expired certificate', EXPIRED_SERVER, { user: 'plain', tls: CA }, /: renew the server's certificate\.$/],
  [
    'another name',
    SERVER,
    { user: 'plain', tls: { ...CA, serverName: 'other.test' } },
    /other\.test.*tls\.serverName\.$/,
  ],
  ['another address', NAMED_SERVER, { user: 'plain', tls: CA }, /127\.0\.0\.1.*database\.tls\.serverName\.$/],
  [
    'localhost instead of an address',
    LOCAL_SERVER,
    { user: 'plain', tls: CA },
    /127\.0\.0\.1.*database\.tls\.serverName\.$/,
  ],
  ['an expired client certificate', SERVER, { user: 'plain', tls: { ...CA, ...EXPIRED } }, /has expired: renew it\.$/],
];
for (const [title, pair, way, message] of REFUSALS) {
  test.serial(`${title} gives one line that says what to set`, async (t) => {
    await server.present(pair);
    const error = explained(
      'gateway.yaml',
      await opened(t, way)
        .ping()
        .catch((failure: unknown) => failure),
    );
    t.regex(error instanceof Error ? error.message : 'connected', message);
  });
}

test.serial('a wrong password says so', async (t) => {
  await server.present(SERVER);
  const database = openDatabase({ ...server.locationFor('plain'), password: 'x' }, { timeout: 10_000, tls: CA });
  t.teardown(() => database.close());
  const error = explained('gateway.yaml', await database.ping().catch((failure: unknown) => failure));
  t.regex(error instanceof Error ? error.message : '', /password authentication failed.*: correct user and password/);
});

test.serial('another certificate is used for all connections after a reload, without a restart', async (t) => {
  await server.present(SERVER);
  const database = opened(t, { user: 'plain', tls: CA });
  t.true(await isEncrypted(database));
  database.useTls({ ...CA, serverName: 'other.test' });
  await t.throwsAsync(database.ping());
  database.useTls({ ...CA, ...OWN });
  t.true(await isEncrypted(database));
});

test.serial(
  'a connection that listens to notices is secured and ended, so that it is secured in another way',
  async (t) => {
    await server.present(SERVER);
    const database = opened(t, { user: 'plain', tls: CA });
    const stopping = new AbortController();
    const listen = async () => {
      const listening = Promise.withResolvers<void>();
      const receiver = { onListening: listening.resolve, onNotice() {} };
      const ended = database.listen?.('changes', receiver, stopping.signal);
      await Promise.race([listening.promise, ended]);
      return { ended };
    };
    const first = await listen();
    database.useTls({ ...CA, ...OWN });
    t.is(await first.ended, 'ended');
    const second = await listen();
    const { rows }: { rows: object[] } = await database.query(
      database.sql.raw("select ssl from pg_stat_ssl join pg_stat_activity using (pid) where query = 'listen changes'"),
    );
    t.deepEqual(rows, [{ ssl: true }]);
    stopping.abort();
    t.is(await second.ended, 'ended');
  },
);

test.serial('a statement that takes too long is cancelled over TLS too', async (t) => {
  await server.present(SERVER);
  const tls = { ...CA, ...OWN };
  const hasty = openDatabase(server.locationFor('proven'), { timeout: 1_000, tls });
  t.teardown(() => hasty.close());
  await t.throwsAsync(hasty.query(hasty.sql.raw('select pg_sleep(60)')));
  const watching = opened(t, { user: 'proven', tls });
  const isAsleep = async () => {
    const { rows }: { rows: unknown[] } = await watching.query(
      watching.sql.raw("select 1 from pg_stat_activity where query like 'select pg_sleep%' and state = 'active'"),
    );
    return rows.length > 0;
  };
  await holds('it has ended', async () => !(await isAsleep()));
  t.pass();
});

function opened(t: ExecutionContext, { user, sslmode, tls }: Way): Database {
  const database = openDatabase(server.locationFor(user, sslmode), { timeout: 10_000, tls });
  t.teardown(() => database.close());
  return database;
}

async function isEncrypted({ sql, query }: Database): Promise<boolean> {
  const { rows }: { rows: { ssl: boolean }[] } = await query(
    sql.raw('select ssl from pg_stat_ssl where pid = pg_backend_pid()'),
  );
  return rows[0]?.ssl ?? false;
}
