import test from 'ava';
import { type Auditor, createAuditor } from '../../proof/audit/auditor.ts';
import type { Act } from '../../proof/audit/events.ts';

/** An auditor that knows the account `ada` with the token `t`, issued at 0 ms. */
function begun(): Auditor {
  const auditor = createAuditor();
  done(auditor, { kind: 'add', account: 'ada', password: 'first', confirmed: true }, -100);
  done(auditor, { kind: 'issue', account: 'ada' }, -10, 't');
  return auditor;
}

/** An act that takes 10 ms and is acknowledged. */
function done(auditor: Auditor, act: Act, at: number, issued?: string): number {
  const id = auditor.begins(act, 'A', at);
  auditor.ends(id, 'acknowledged', at + 10, issued);
  return id;
}

function use(
  auditor: Auditor,
  status: number,
  at: number,
  more: { node?: string; token?: string; group?: string } = {},
) {
  const { node = 'B', token = 't', group = null } = more;
  const credential = { kind: 'token', token } as const;
  auditor.used({ node, process: `${node}1`, credential, group, status, begun: at, ended: at + 1 });
}

function withPassword(auditor: Auditor, password: string, status: number, at: number) {
  const credential = { kind: 'password', account: 'ada', password } as const;
  auditor.used({ node: 'B', process: 'B1', credential, group: null, status, begun: at, ended: at + 1 });
}

function rules({ violations }: Auditor): string[] {
  return violations.map(({ rule }) => rule);
}

test('a token is accepted until the bound after the acknowledgement of its revocation, and then never', (t) => {
  const auditor = begun();
  done(auditor, { kind: 'revoke', token: 't' }, 1_000);
  use(auditor, 200, 3_009);
  t.deepEqual(rules(auditor), []);
  use(auditor, 200, 3_011);
  t.deepEqual(rules(auditor), ['accepted after a revocation']);
  t.regex(
    auditor.violations[0]?.text ?? '',
    /200 of B \(B1\) for t, .* revoke at A, begun at 1000 ms, acknowledged at 1010/,
  );
});

test('an act on the account ends the tokens that were issued before it, and no others', (t) => {
  for (const act of [
    { kind: 'revoke all', account: 'ada' },
    { kind: 'password', account: 'ada', password: 'second' },
  ] as const) {
    const auditor = begun();
    done(auditor, act, 1_000);
    // Until then, a node may know the account as it was, and issue a token to that.
    done(auditor, { kind: 'issue', account: 'ada' }, 9_000, 'later');
    use(auditor, 200, 9_100, { token: 'later' });
    t.deepEqual(rules(auditor), []);
    use(auditor, 401, 17_000, { token: 'later' });
    use(auditor, 200, 17_000);
    t.deepEqual(rules(auditor), ['refused what stands', 'accepted after a revocation'], act.kind);
  }
});

test('an act of unknown outcome excuses both answers, and one without effect neither', (t) => {
  const auditor = begun();
  const unknown = auditor.begins({ kind: 'revoke', token: 't' }, 'A', 1_000);
  auditor.outageBegins({ kind: 'database', node: null }, 900);
  auditor.ends(unknown, 'unknown', 3_000);
  use(auditor, 200, 9_000);
  use(auditor, 401, 9_100);
  t.deepEqual(rules(auditor), []);
  use(auditor, 200, 9_200);
  t.deepEqual(rules(auditor), ['accepted again']);

  const other = begun();
  other.ends(other.begins({ kind: 'revoke', token: 't' }, 'A', 1_000), 'refused', 1_010);
  use(other, 401, 2_000);
  t.deepEqual(rules(other), ['refused what stands']);
});

test('without an outage a 503 is a violation, for a token also while Redis alone is out', (t) => {
  const auditor = begun();
  const redis = auditor.outageBegins({ kind: 'redis', node: null }, 0);
  use(auditor, 503, 1_000);
  t.deepEqual(rules(auditor), ['unavailable without an outage']);
  auditor.outageEnds(redis, 1_100);
  const database = auditor.outageBegins({ kind: 'database', node: 'B' }, 2_000);
  use(auditor, 503, 2_100);
  auditor.outageEnds(database, 3_000);
  use(auditor, 503, 7_900);
  t.is(auditor.violations.length, 1);
  use(auditor, 503, 8_100);
  use(auditor, 503, 2_500, { node: 'A' });
  t.is(auditor.violations.length, 3);
});

test('a node that has lost the database does not learn of a node that has lost Redis, as long as it caches the account', (t) => {
  const auditor = begun();
  auditor.outageBegins({ kind: 'database', node: 'B' }, 900);
  auditor.outageBegins({ kind: 'redis', node: 'A' }, 900);
  done(auditor, { kind: 'revoke', token: 't' }, 1_000);
  use(auditor, 200, 8_000);
  t.deepEqual(rules(auditor), []);
  use(auditor, 200, 8_020);
  t.deepEqual(rules(auditor), ['accepted after a revocation']);
});

test('a node that has lost both stores accepts nothing that was revoked meanwhile, after the bound', (t) => {
  const auditor = begun();
  for (const kind of ['database', 'redis'] as const) auditor.outageBegins({ kind, node: 'B' }, 900);
  done(auditor, { kind: 'revoke', token: 't' }, 1_000);
  use(auditor, 200, 3_000);
  t.deepEqual(rules(auditor), []);
  use(auditor, 200, 3_020);
  t.deepEqual(rules(auditor), ['accepted after a revocation']);
});

test('a revocation holds after the database has lost it, unless nothing knew it', (t) => {
  for (const isForgotten of [false, true]) {
    const auditor = begun();
    const id = done(auditor, { kind: 'revoke', token: 't' }, 1_000);
    auditor.lost(500, 2_000);
    const loss = auditor.outageBegins({ kind: 'lost history', since: 500 }, 2_000);
    if (isForgotten) auditor.forgets(id);
    use(auditor, 200, 6_000);
    auditor.outageEnds(loss, 7_000);
    t.deepEqual(rules(auditor), []);
    use(auditor, 200, 10_000);
    t.deepEqual(rules(auditor), isForgotten ? [] : ['accepted after a revocation']);
  }
});

test('a password, a confirmation and a group count from the bound after their change on', (t) => {
  const auditor = begun();
  done(auditor, { kind: 'groups', account: 'ada', groups: ['staff'] }, 0);
  done(auditor, { kind: 'password', account: 'ada', password: 'second' }, 1_000);
  done(auditor, { kind: 'issue', account: 'ada' }, 1_020, 'later');
  withPassword(auditor, 'first', 200, 3_000);
  withPassword(auditor, 'second', 401, 3_000);
  use(auditor, 200, 3_000, { token: 'later', group: 'staff' });
  t.deepEqual(rules(auditor), []);
  withPassword(auditor, 'first', 200, 3_100);
  withPassword(auditor, 'second', 401, 3_100);
  use(auditor, 403, 3_100, { token: 'later', group: 'staff' });
  done(auditor, { kind: 'unconfirm', account: 'ada' }, 4_000);
  withPassword(auditor, 'second', 403, 4_100);
  withPassword(auditor, 'second', 200, 6_100);
  t.deepEqual(rules(auditor), [
    'accepted although the account forbids it',
    'refused what stands',
    'refused what stands',
    'accepted although the account forbids it',
  ]);
});

test('a change that the database has lost leaves the account as it was before, or as it is', (t) => {
  const auditor = begun();
  done(auditor, { kind: 'password', account: 'ada', password: 'second' }, 1_000);
  auditor.lost(500, 2_000);
  withPassword(auditor, 'first', 200, 9_000);
  withPassword(auditor, 'first', 401, 9_000);
  done(auditor, { kind: 'password', account: 'ada', password: 'third' }, 10_000);
  t.deepEqual(rules(auditor), []);
  withPassword(auditor, 'first', 200, 13_000);
  withPassword(auditor, 'third', 401, 13_000);
  t.deepEqual(rules(auditor), ['accepted although the account forbids it', 'refused what stands']);
});

test('the list of an account has what stands, and nothing that was revoked before it was asked for', (t) => {
  const auditor = begun();
  done(auditor, { kind: 'issue', account: 'ada' }, 10, 'other');
  const listed = (tokens: string[], at: number) =>
    auditor.listed({ node: 'B', account: 'ada', tokens, begun: at, ended: at + 5 });
  listed(['t', 'other'], 100);
  t.deepEqual(rules(auditor), []);
  done(auditor, { kind: 'revoke', token: 't' }, 200);
  listed(['other'], 300);
  t.deepEqual(rules(auditor), []);
  listed(['t'], 400);
  t.deepEqual(rules(auditor), ['listed although revoked', 'not listed']);
});
