import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { WebSocket } from 'ws';
import { ADA, BOB, basic } from '../../lab/gateways/gateway.ts';
import { fileScope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import type { ProxyName } from '../services/proxies.ts';
import { type Answer, type Asked, CLIENT, refusal } from './ask.ts';
import { FORGED_IDENTITIES, FORGED_REQUESTS } from './forgeries.ts';
import { PASSWORD, type ProxiedLab, proxiedLab } from './lab.ts';
import { identityIn, type Received, valuesIn } from './service.ts';
import { ODD_TARGETS } from './targets.ts';

/** Tokens that are revoked while they are used. */
const REVOCATIONS = 20;
const LOAD_LIMIT = 30_000;
const WRONG = basic({ email: ADA.email, password: 'wrong' });
const UNCONFIRMED = basic(BOB);

/** The differences between the proxies. */
export interface ProxyTraits {
  /** Whether a refusal's second `WWW-Authenticate` line is lost (nginx before 1.23). */
  readonly losesChallenges: boolean;
  /** Whether the proxy refuses a target by itself, before it asks. */
  refusesItself(target: string): boolean;
  /** The target that the proxy asks about in place of the client's. */
  readAs(target: string): string;
  /** The target that a service receives in place of the judged one, for what the proxy spells anew. */
  respelled(target: string): string;
}

/**
 * Declares the tests that are the same for each proxy, which has the printed recipe as it is.
 *
 * @param cache the value of `decisions.cache`
 */
export function proxyCases(proxy: ProxyName, cache: string, traits: ProxyTraits): void {
  const scope = fileScope();
  const name = cache === '0s' ? proxy : `${proxy} with a cache of ${cache}`;
  let lab: ProxiedLab;

  test.before(async () => {
    lab = await proxiedLab(scope, proxy, cache);
  });

  const through = (what: string, run: (t: ExecutionContext) => Promise<void>) => test.serial(`${name}: ${what}`, run);

  /** Asks on both ways. The client must get the same refusal. */
  const refusedAlike = async (t: ExecutionContext, asked: Asked, status: number) => {
    const before = lab.service.received.length;
    const [via, direct] = [await lab.viaProxy(asked), await lab.directly(asked)];
    const what = `${asked.method ?? 'GET'} ${asked.target} ${asked.authorization ?? ''}`;
    t.is(via.status, status, what);
    t.deepEqual(refusal(via), comparable(direct, via, traits), what);
    t.true(via.values('x-request-id').length === 1, what);
    t.is(lab.service.received.length, before, what);
  };

  const passed = async (t: ExecutionContext, asked: Asked): Promise<Received> => {
    const answer = await lab.viaProxy(asked);
    t.is(answer.status, 200, `${asked.target} ${answer.body}`);
    return lab.service.received.at(-1) as Received;
  };

  through('a right password and a token pass, with the identity and without the credential', async (t) => {
    for (const authorization of [PASSWORD, lab.token]) {
      const seen = await passed(t, { target: '/api/v1/orders/7?x=1', authorization });
      t.is(seen.target, '/orders/7?x=1');
      t.deepEqual(identityIn(seen), [['x-user-id', '1']]);
      t.deepEqual(valuesIn(seen, 'authorization'), []);
      t.deepEqual(valuesIn(seen, 'x-forwarded-for'), [CLIENT]);
      t.deepEqual(valuesIn(seen, 'host'), [new URL(lab.service.url).host]);
    }
    t.deepEqual(valuesIn(await passed(t, { target: '/api/v1/passing', authorization: PASSWORD }), 'authorization'), [
      PASSWORD,
    ]);
  });

  through('the longest path and the method choose the route', async (t) => {
    const authorization = lab.token;
    const targetOf = async (method: string, target: string) =>
      (await passed(t, { method, target, authorization })).target;
    t.is(await targetOf('POST', '/api/v1/orders/7'), '/written/api/v1/orders/7');
    t.is(await targetOf('GET', '/api/v1/orders'), '/orders');
    t.is(await targetOf('PUT', '/api/v1/things/7'), '/api/v1/things/7');
    t.is(await targetOf('GET', '/api/v1/things/deeper'), '/api/v1/things/deeper');
    t.is(await targetOf('DELETE', '/api/v1/things/deep/7'), '/pair/api/v1/things/deep/7');
    t.is(await targetOf('GET', '/about'), '/website/about');
    t.is((await lab.viaProxy({ method: 'HEAD', target: '/api/v1/orders/7', authorization })).status, 200);
  });

  through('the host chooses the route before the path does', async (t) => {
    const targetOf = async (host: string, target: string) =>
      (await passed(t, { host, target, authorization: lab.token })).target;
    t.is(await targetOf('shop.example.com', '/about'), '/shop/about');
    t.is(await targetOf('SHOP.example.com:8443', '/about'), '/shop/about');
    t.is(await targetOf('shop.example.com', '/api/v1/things/7'), '/shop/api/v1/things/7');
    t.is(await targetOf('shop.example.com', '/api/v1/things/Odd'), '/shop/api/v1/things/Odd');
    t.is(await targetOf('shop.example.com', '/api/v1/orders/7'), '/orders/7');
    t.is(await targetOf('a.b.example.org', '/api/v1/things/7'), '/tenants/api/v1/things/7');
    t.is(await targetOf('a.example.org', '/api/v1/things/Odd'), '/tenants/api/v1/things/Odd');
    t.deepEqual(valuesIn(lab.service.received.at(-1) as Received, 'host'), ['a.example.org']);
    t.is(await targetOf('example.org', '/api/v1/things/7'), '/api/v1/things/7');
    t.is(await targetOf('a.example.org', '/about'), '/website/about');
    await refusedAlike(t, { host: 'shop.example.com', target: '/api/v1/things/7' }, 401);
    await refusedAlike(t, { host: 'shop.example.com', target: '/api/v1/nothing', authorization: PASSWORD }, 404);
  });

  through('a refusal is the answer of the public listener', async (t) => {
    for (const authorization of [undefined, WRONG, 'Bearer none', 'Digest x', 'Basic !']) {
      const given = authorization === undefined ? {} : { authorization };
      await refusedAlike(t, { target: '/api/v1/orders/7', ...given }, 401);
      await refusedAlike(t, { target: '/api/v1/nothing', ...given }, 401);
    }
    await refusedAlike(t, { target: '/api/v1/orders/7', authorization: UNCONFIRMED }, 403);
    await refusedAlike(t, { target: '/api/v1/nothing', authorization: PASSWORD }, 404);
    await refusedAlike(t, { method: 'DELETE', target: '/api/v1/orders/7', authorization: PASSWORD }, 405);
    await refusedAlike(t, { method: 'PROPFIND', target: '/api/v1/orders/7', authorization: PASSWORD }, 405);
    await refusedAlike(t, { method: 'DELETE', target: '/api/v1/orders/7' }, 401);
    await refusedAlike(t, { target: '/api/v1/things/%2e%2e/orders', authorization: PASSWORD }, 400);
    const secondCredential = {
      target: '/api/v1/things/7',
      authorization: PASSWORD,
      lines: [`Authorization: ${WRONG}`],
    };
    t.is((await lab.viaProxy(secondCredential)).status, 400);
  });

  through('an API key is a credential on its route alone, and the service does not receive it', async (t) => {
    const key = `X-API-Key: ${lab.token.slice('Bearer '.length)}`;
    const seen = await passed(t, { target: '/api/v1/keys/7', lines: [key] });
    t.deepEqual(identityIn(seen), [['x-user-id', '1']]);
    t.deepEqual(
      valuesIn(seen, 'x-api-key').filter((value) => value !== ''),
      [],
    );
    await refusedAlike(t, { target: '/api/v1/keys/7' }, 401);
    await refusedAlike(t, { target: '/api/v1/keys/7', lines: ['X-API-Key: none'] }, 401);
    await refusedAlike(t, { target: '/api/v1/orders/7', lines: [key] }, 401);
  });

  through('whatever identity a client claims, the service reads the proven one or none (CVE-2026-30851)', async (t) => {
    for (const lines of FORGED_IDENTITIES) {
      const what = lines.join('; ');
      const guarded = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
      t.deepEqual(identityIn(guarded), [['x-user-id', '1']], what);
      t.deepEqual(identityIn(await passed(t, { target: '/about', lines })), [], what);
      t.is((await lab.viaProxy({ target: '/api/v1/things/7', lines })).status, 401, what);
    }
  });

  through(
    'a client chooses neither the path nor the method nor the address that is judged (CVE-2026-40575)',
    async (t) => {
      for (const lines of FORGED_REQUESTS) {
        const what = lines.join('; ');
        t.is((await lab.viaProxy({ target: '/api/v1/things/7', lines })).status, 401, what);
        t.is((await lab.viaProxy({ target: '/api/v1/things/Seven', lines })).status, 401, what);
        const wrongMethod = { method: 'DELETE', target: '/api/v1/orders/7', authorization: PASSWORD, lines };
        t.is((await lab.viaProxy(wrongMethod)).status, 405, what);
        const seen = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
        t.deepEqual(valuesIn(seen, 'x-forwarded-for'), [CLIENT], what);
      }
      t.true(lab.gateway.log.every(({ client }) => client !== '6.6.6.6'));
    },
  );

  through('what is judged is what the service receives, however the target is spelled', async (t) => {
    for (const target of ODD_TARGETS) {
      const asked = { target, authorization: PASSWORD };
      const { length } = lab.service.received;
      const via = await lab.viaProxy(asked);
      const received = lab.service.received.slice(length).map((seen) => seen.target);
      const direct = await lab.directly({ ...asked, target: traits.readAs(target) });
      const expected = lab.service.received.slice(length + received.length).map((seen) => seen.target);
      if (traits.refusesItself(target)) {
        t.true(via.status >= 400 && via.status < 500, `${target} ${via.status}`);
        t.deepEqual(received, [], target);
      } else {
        t.is(via.status, direct.status, `${target} ${via.body} ${direct.body}`);
        t.deepEqual(received, expected.map(traits.respelled), target);
      }
      const { length: later } = lab.service.received;
      await lab.viaProxy({ target });
      const open = lab.service.received.slice(later);
      t.true(
        open.every((seen) => seen.target.startsWith('/website/')),
        `${target} without credentials`,
      );
    }
  });

  through('a target of 8 KB is judged and forwarded whole', async (t) => {
    const path = `/api/v1/things/${'a/'.repeat(2_000)}`;
    for (const target of [`${path}?${'q'.repeat(4_000)}`, `${path}Seven?${'q'.repeat(4_000)}`]) {
      t.is((await passed(t, { target, authorization: PASSWORD })).target, target);
      t.is((await lab.viaProxy({ target })).status, 401);
    }
  });

  through('a body arrives whole, of 50 MB too, and one that is refused is not waited for', async (t) => {
    const seen = await passed(t, { method: 'POST', target: '/api/v1/orders', authorization: PASSWORD, body: 'hello' });
    t.is(seen.bytes, 5);
    const body = Buffer.alloc(50 * 1024 * 1024);
    const upload = await passed(t, { method: 'POST', target: '/api/v1/orders', authorization: PASSWORD, body });
    t.is(upload.bytes, body.length);
    const announced = {
      method: 'POST',
      target: '/api/v1/orders',
      lines: ['Content-Length: 1000000', 'Expect: 100-continue'],
    };
    t.is((await lab.viaProxy(announced)).status, 401);
  });

  through('fields about a cached or a partial answer do not disturb the decision', async (t) => {
    const lines = [
      'If-None-Match: *',
      'If-Modified-Since: Thu, 01 Jan 2032 00:00:00 GMT',
      'Range: bytes=0-1',
      'If-Match: "x"',
    ];
    const seen = await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD, lines });
    t.deepEqual(valuesIn(seen, 'range'), ['bytes=0-1']);
    await refusedAlike(t, { target: '/api/v1/things/7', lines }, 401);
  });

  through('a WebSocket is opened for an account and for nobody else', async (t) => {
    const socket = new WebSocket(`ws://127.0.0.1:${lab.port}/api/v1/things/socket`, {
      headers: { Authorization: PASSWORD, 'X-User-Id': '2' },
    });
    t.teardown(() => socket.terminate());
    await once(socket, 'open');
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [Buffer];
    t.is(message.toString(), 'hello');
    t.deepEqual(identityIn(lab.service.received.at(-1) as Received), [['x-user-id', '1']]);

    const refused = new WebSocket(`ws://127.0.0.1:${lab.port}/api/v1/things/socket`);
    const [error] = (await once(refused, 'error')) as [Error];
    t.regex(error.message, /401/);
    const crossSite = new WebSocket(`ws://127.0.0.1:${lab.port}/api/v1/things/socket`, {
      headers: { Authorization: PASSWORD, Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' },
    });
    const [forbidden] = (await once(crossSite, 'error')) as [Error];
    t.regex(forbidden.message, /403/);
  });

  through('no other protocol is upgraded to, past the decisions', async (t) => {
    const lines = ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
    const answer = await lab.viaProxy({ target: '/api/v1/things/7', authorization: PASSWORD, lines });
    t.is(answer.status, 200);
    t.deepEqual(
      valuesIn(lab.service.received.at(-1) as Received, 'upgrade').filter((value) => value !== ''),
      [],
    );
  });

  through('the token endpoints and the pages are those of the gateway', async (t) => {
    const issued = await lab.viaProxy({ method: 'POST', target: '/api/v1/tokens/', authorization: PASSWORD });
    t.is(issued.status, 200);
    const { token } = JSON.parse(issued.body) as { token: string };
    const authorization = `Bearer ${token}`;
    await passed(t, { target: '/api/v1/things/7', authorization });
    t.is((await lab.viaProxy({ method: 'DELETE', target: '/api/v1/tokens/current', authorization })).status, 204);
    await refusedAlike(t, { method: 'GET', target: '/api/v1/tokens/', authorization: WRONG }, 401);
    const page = await lab.viaProxy({ target: '/account/login', lines: ['Accept: text/html'] });
    t.is(page.status, 200);
    t.regex(page.body, /<form/);
  });

  through('a route without upstream is decided and goes to the placeholder', async (t) => {
    const answer = await lab.viaProxy({ target: '/api/v1/elsewhere/7', authorization: PASSWORD });
    t.is(answer.status, proxy === 'haproxy' ? 503 : 502);
    t.is((await lab.viaProxy({ target: '/api/v1/elsewhere/7' })).status, 401);
  });

  through('too many wrong passwords are 429 with Retry-After', async (t) => {
    const asked = {
      target: '/api/v1/things/7',
      authorization: basic({ email: 'eve@example.com', password: 'x' }),
      from: '127.0.0.3',
    };
    let answer = await lab.viaProxy(asked);
    for (let tries = 0; answer.status === 401 && tries < 50; tries++) answer = await lab.viaProxy(asked);
    t.is(answer.status, 429);
    const direct = await lab.directly(asked);
    t.is(answer.body, direct.body);
    t.regex(answer.values('retry-after').join(), /^\d+$/);
    t.is((await lab.viaProxy({ ...asked, from: CLIENT })).status, 401, 'another client is not locked out');
  });

  through('revoked tokens are refused, under load', async (t) => {
    const tokens = await Promise.all(Array.from({ length: REVOCATIONS }, () => issueVia(lab)));
    const { length: logged } = lab.gateway.log;
    const answers: { token: string; sentAt: number; status: number }[] = [];
    let [isOver, next] = [false, 0];
    const client = async () => {
      while (!isOver) {
        const token = tokens[next++ % tokens.length] ?? '';
        const sentAt = performance.now();
        const { status } = await lab.viaProxy({ target: '/api/v1/things/7', authorization: token });
        answers.push({ token, sentAt, status });
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await holds('every token has passed twice', () => answers.length > 2 * REVOCATIONS + 8, LOAD_LIMIT);
    t.true(answers.every(({ status }) => status === 200));
    const revokedAt = new Map<string, number>();
    for (const authorization of tokens) {
      const { status } = await lab.viaProxy({ method: 'DELETE', target: '/api/v1/tokens/current', authorization });
      t.is(status, 204);
      revokedAt.set(authorization, performance.now());
    }
    const refused = () => new Set(answers.filter(({ status }) => status === 401).map(({ token }) => token)).size;
    await holds('every token is refused', () => refused() === REVOCATIONS, LOAD_LIMIT);
    isOver = true;
    await Promise.all(clients);
    const kept = cache === '0s' ? 0 : Number.parseInt(cache, 10) * 1000 + 1000;
    const after = answers.map((answer) => ({ ...answer, late: answer.sentAt - (revokedAt.get(answer.token) ?? 0) }));
    const accepted = after.filter(({ status, late }) => status === 200 && late > 0);
    t.deepEqual(
      accepted.filter(({ late }) => late > kept),
      [],
    );
    if (kept > 0) {
      const decided = lab.gateway.log.slice(logged).filter(({ decision }) => decision === 'things').length;
      t.true(accepted.length > 0, 'a yes was kept');
      t.true(decided < answers.length, `${decided} decisions on ${answers.length} requests`);
    }
  });

  through('with the database out it is 503, and nothing passes', async (t) => {
    const { database } = lab.gateway;
    await database.query(database.sql.raw('alter table gatehouse_accounts rename to gone'));
    await refusedAlike(t, { target: '/api/v1/things/other', authorization: basic({ ...ADA, password: 'new' }) }, 503);
    await database.query(database.sql.raw('alter table gone rename to gatehouse_accounts'));
    await passed(t, { target: '/api/v1/things/7', authorization: PASSWORD });
  });

  through('without the gateway it is 503, and nothing passes', async (t) => {
    await lab.endGateway();
    const before = lab.service.received.length;
    for (const target of ['/api/v1/things/other', '/about', '/about/Odd']) {
      const answer = await lab.viaProxy({ target, authorization: basic({ ...ADA, password: 'again' }) });
      t.is(answer.status, 503, target);
      t.deepEqual(JSON.parse(answer.body), { error: 'service_unavailable', message: 'Temporarily unavailable' });
      t.deepEqual(answer.values('retry-after'), ['1']);
    }
    t.is(lab.service.received.length, before);
  });
}

/** The refusal that a client of the proxy must get. */
function comparable(direct: Answer, via: Answer, { losesChallenges }: ProxyTraits): object {
  const [challenges, { length }] = [direct.values('www-authenticate'), via.values('www-authenticate')];
  return { ...refusal(direct), challenges: losesChallenges ? challenges.slice(0, Math.max(1, length)) : challenges };
}

/** @returns the value of `Authorization` with a new token of Ada's */
async function issueVia(lab: ProxiedLab): Promise<string> {
  const { body } = await lab.viaProxy({ method: 'POST', target: '/api/v1/tokens/', authorization: PASSWORD });
  return `Bearer ${(JSON.parse(body) as { token: string }).token}`;
}
