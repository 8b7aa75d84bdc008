import test, { type ExecutionContext } from 'ava';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { trackLastUsed } from '../../gateway/stores/tokens/last-used.ts';
import { sqlTokenStore } from '../../gateway/stores/tokens/store.ts';
import { ADA, BOB } from '../lab/gateways/gateway.ts';
import { gateways } from '../lab/gateways/nodes.ts';
import { DATABASES, type DatabaseKind, temporaryDatabase } from '../lab/stores/database.ts';

const HOUR = 3_600_000;
const ISSUED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const LONG = { maxLifetime: '3650d' };
const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

async function operator(t: ExecutionContext, kind: DatabaseKind) {
  const location = await temporaryDatabase(t, kind);
  return await gateways(t, { location, redis: '', upstream: 'http://127.0.0.1:9', settings: { tokens: LONG } });
}

for (const kind of DATABASES) {
  test(`${kind}: \`token list\` shows an account's tokens that have not expired, and which are revoked`, async (t) => {
    const { database, command } = await operator(t, kind);
    const { record } = sqlTokenStore(database);
    const expiresAt = Math.floor(Date.now() / 1000) * 1000 + HOUR;
    await record({
      jti: 'younger',
      accountId: '1',
      name: null,
      issuedAt: ISSUED + HOUR,
      expiresAt,
      bond: null,
      ...UNRESTRICTED,
      addresses: ['10.0.0.0/8', '::1'],
    });
    await record({
      jti: 'older',
      accountId: '1',
      name: 'ci ü',
      issuedAt: ISSUED,
      expiresAt,
      bond: null,
      ...UNRESTRICTED,
      scope: ['orders:read', 'orders:write'],
    });
    await record({
      jti: 'expired',
      accountId: '1',
      name: null,
      issuedAt: ISSUED,
      expiresAt: Date.now() - 1,
      bond: null,
      ...UNRESTRICTED,
    });
    await record({
      jti: 'of Bob',
      accountId: '2',
      name: null,
      issuedAt: ISSUED,
      expiresAt,
      bond: null,
      ...UNRESTRICTED,
    });
    const lastUsed = trackLastUsed(database, Date, () => false);
    t.teardown(lastUsed.close);
    lastUsed.note({
      jti: 'older',
      accountId: '1',
      issuedAt: ISSUED / 1000,
      expiresAt: expiresAt / 1000,
      ...UNRESTRICTED,
    });
    await lastUsed.flush();

    const [younger, older] = [
      { id: 'younger', name: null, addresses: ['10.0.0.0/8', '::1'] },
      { id: 'older', name: 'ci ü' },
    ];
    const list = async () => {
      const { code, stdout, stderr } = await command(['token', 'list', ADA.email.toUpperCase(), '--json']);
      t.deepEqual([code, stderr], [0, '']);
      return JSON.parse(stdout);
    };
    const before = await list();
    t.deepEqual(before, [
      {
        ...older,
        issued_at: '2026-01-02T03:04:05Z',
        expires_at: new Date(expiresAt).toISOString().replace('.000Z', 'Z'),
        last_used_at: before[0].last_used_at,
        revoked_at: null,
        live: true,
        scope: 'orders:read orders:write',
      },
      { ...before[1], ...younger, issued_at: '2026-01-02T04:04:05Z', last_used_at: null, revoked_at: null, live: true },
    ]);
    t.regex(before[0].last_used_at, new RegExp(`^${TIME}$`));

    t.is((await command(['token', 'revoke', before[0].id])).code, 0);
    const [other, revoked] = await list();
    t.regex(revoked.revoked_at, new RegExp(`^${TIME}$`));
    t.is(revoked.live, false);
    t.deepEqual([{ ...revoked, revoked_at: null, live: true }, other], before);
    t.regex(
      (await command(['token', 'list', ADA.email])).stdout,
      new RegExp(
        '^ID {7}NAME {2}ISSUED {16}EXPIRES {15}LAST USED {13}REVOKED {15}LIVE {2}FROM {13}SCOPE\n' +
          `younger {2}- {5}${TIME} {2}${TIME} {2}never {17}no {20}yes {3}10\\.0\\.0\\.0/8, ::1 {2}all\n` +
          `older {4}ci ü {2}${TIME} {2}${TIME} {2}${TIME} {2}${TIME} {2}no {4}anywhere {9}orders:read orders:write\n$`,
      ),
    );
  });
}

test('`token list` of an account without tokens is empty, and of no account an error', async (t) => {
  const { command } = await operator(t, 'sqlite');
  t.is((await command(['token', 'list', BOB.email, '--json'])).stdout, '[]\n');
  t.is(
    (await command(['token', 'list', BOB.email])).stdout,
    'ID  NAME  ISSUED  EXPIRES  LAST USED  REVOKED  LIVE  FROM  SCOPE\n',
  );
  t.deepEqual(await command(['token', 'list', 'nobody@x']), {
    code: 1,
    stdout: '',
    stderr: 'No account logs in with nobody@x: `user list` shows all accounts.\n',
  });
  t.deepEqual(await command(['token', 'revoke', 'nothing']), {
    code: 1,
    stdout: '',
    stderr: 'No unexpired token has the id nothing: `token list EMAIL` shows the tokens of an account.\n',
  });
  t.is((await command(['token', 'list'])).code, 2);
});

test('`token list` prints more tokens than it reads at once, each of them once, as JSON and as a table', async (t) => {
  const { database, command } = await operator(t, 'sqlite');
  const rows = Array.from({ length: 2_000 }, (_, i) => {
    return { jti: `id-${i}`, account_id: '1', issued_at: ISSUED + i, expires_at: Date.now() + HOUR };
  });
  for (let i = 0; i < rows.length; i += 100) {
    await database.query(database.sql('gatehouse_tokens').insert(rows.slice(i, i + 100)));
  }
  const ids = rows.map(({ jti }) => jti);
  const printed = JSON.parse((await command(['token', 'list', ADA.email, '--json'])).stdout) as { id: string }[];
  t.deepEqual(
    printed.map(({ id }) => id),
    ids,
  );
  const lines = (await command(['token', 'list', ADA.email])).stdout.trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['ID', ...ids],
  );
});
