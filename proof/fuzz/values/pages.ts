import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashPassword } from '../../../gateway/identify/passwords/password.ts';
import { ADA, testGateway } from '../../../test/lab/gateways/gateway.ts';
import type { Scope } from '../../../test/lab/scope.ts';
import { visitor } from '../../../test/support/pages/page-visitor.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, firstOf } from '../finding.ts';
import { MARKERS, pageRequests } from './page-requests.ts';
import { type Answer, ask, fieldOf, type RequestText, readRequestText } from './request-texts.ts';

/** The owner who is logged in. No input has her email. */
const ZOE = { email: 'zoe.who.is.logged.in@example.com', password: 'a password of nobody else' };

/**
 * Requests to the account pages with forms and cookies. None is answered with 5xx; none shows an owner without the exact cookie of
 * her session, or makes a session without a right password; no form counts without its token; and what comes from the request
 * is escaped.
 */
export const pages: Campaign = {
  name: 'pages',
  async open(scope) {
    const { port, values } = await openPages(scope);
    return {
      generate: pageRequests,
      compare(bytes, seed) {
        const request = readRequestText(bytes);
        return request === null || hasMarkersInHead(request)
          ? { kind: 'no request', difference: null }
          : compare(request, port, values, seed);
      },
    };
  },
};

/** The values that stand for the names in braces. */
type Values = Readonly<Record<string, string>>;

async function openPages(scope: Scope): Promise<{ readonly port: number; readonly values: Values }> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-fuzz-'));
  scope.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await testGateway(scope, {
    routes: [{ name: 'a', path: '/api/v1/a', upstream: 'http://127.0.0.1:9' }],
    trustedProxies: ['127.0.0.1'],
    mail: { url: `folder:${folder}` },
    accounts: { passwordCost: 4, cache: '1ms', registration: 'open' },
    log: { level: 'error' },
  });
  await gateway.accounts.add({ email: ZOE.email, passwordHash: await hashPassword(ZOE.password, 4), confirmed: true });
  const [owner, stranger] = [visitor(gateway.url), visitor(gateway.url)];
  await owner.post('/account/login', ZOE);
  const tokenIn = ({ body }: { body: string }) => /name="form_token" value="([^"]*)"/.exec(body)?.[1] ?? '';
  const [token, strangers] = [
    tokenIn(await owner.get('/account/password')),
    tokenIn(await stranger.get('/account/login')),
  ];
  const cookie = (jar: string, name: string) => new RegExp(`${name}=([^;]*)`).exec(jar)?.[1] ?? '';
  const values = {
    session: cookie(owner.cookie(), 'gatehouse_session'),
    form: cookie(owner.cookie(), 'gatehouse_form'),
    token,
    nobody: cookie(stranger.cookie(), 'gatehouse_form'),
    stranger: strangers,
    link: 'eyJhbGciOiJIUzI1NiJ9.e30.x',
  };
  if (Object.values(values).some((value) => value === '')) throw new Error('the owner is not logged in');
  return { port: gateway.port, values };
}

/** Replaces the names in braces. */
function filled(text: string, values: Values): string {
  return text.replace(/\{(\w+)(?:\^(\d{1,4}))?\}/g, (whole, name: string, bit: string | undefined) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) return whole;
    const octets = Buffer.from(value, 'latin1');
    if (bit === undefined) return value;
    const at = (Number(bit) >> 3) % octets.length;
    octets[at] = (octets[at] ?? 0) ^ (1 << (Number(bit) & 7));
    return octets.toString('latin1').replace(/[\0\r\n]/g, '_');
  });
}

/** Forms that end the session or change its account. So does a login with the session. */
const ENDS = /^\/account\/(?:logout|everywhere|password|email)/;

async function compare(text: RequestText, port: number, values: Values, seed: number): Promise<Finding> {
  const request: RequestText = {
    ...text,
    query: filled(text.query, values),
    fields: text.fields.map(([name, value]) => [name, filled(value, values)] as const),
    body: Buffer.from(filled(text.body.toString('latin1'), values), 'latin1'),
  };
  const form = strictForm(request.body);
  const isCounted = hasToken(request, form, values);
  const ends = ENDS.test(request.path) || (request.path === '/account/login' && hasSession(request, values));
  if (request.method === 'POST' && isCounted && ends) return { kind: 'would end the session', difference: null };
  const client = [10, seed >>> 16, seed >>> 8, seed].map((part) => part & 255).join('.');
  const answer = await ask(port, request, [['X-Forwarded-For', client]]);
  return {
    kind: `${request.method} ${answer.status} ${/\?done=[\w-]+|\/login|\/account$/.exec(fieldOf(answer, 'location') ?? '') ?? ''}`.trim(),
    difference: firstOf(
      answer.status >= 500 || answer.status < 200 ? `answers ${answer.status}: ${answer.body.slice(0, 300)}` : null,
      MARKERS.filter((marker) => answer.body.includes(marker)).map((marker) => `not escaped: ${marker}`)[0] ?? null,
      answer.body.includes(ZOE.email) && !hasSession(request, values) ? 'shows the owner without her cookie' : null,
      await loginProblem(request, answer, form, port, values),
      request.method === 'POST' && !isCounted ? uncountedProblem(answer) : null,
      splitProblem(answer),
    ),
  };
}

/** A target with a marker is no URL. */
function hasMarkersInHead({ path, query }: RequestText): boolean {
  return MARKERS.some((marker) => (path + query).includes(marker));
}

/** The values of a cookie, in all lines. The library takes the last character for a quote if the first is one. */
function cookies({ fields }: RequestText, name: string): string[] {
  const pairs = fields.filter(([field]) => field === 'cookie').flatMap(([, value]) => value.split(/[;,]/));
  return pairs.flatMap((pair) =>
    pair.trim().startsWith(`${name}=`)
      ? [
          pair
            .trim()
            .slice(name.length + 1)
            .replace(/^"(.*).$/, '$1'),
        ]
      : [],
  );
}

function hasSession(request: RequestText, { session = '' }: Values): boolean {
  return cookies(request, 'gatehouse_session').includes(session);
}

/** Whether the form has the token of its session and cookie. */
function hasToken(request: RequestText, form: ReadonlyMap<string, string>, values: Values): boolean {
  const token = form.get('form_token');
  const isOwners = token === values.token && cookies(request, 'gatehouse_form').includes(values.form ?? '');
  const isStrangers = token === values.stranger && cookies(request, 'gatehouse_form').includes(values.nobody ?? '');
  return hasSession(request, values) ? isOwners || isStrangers : isStrangers;
}

/** The fields of a form, as the URL standard reads them. */
function strictForm(body: Buffer): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(body.toString()));
}

/** A form that does not count is refused, or its sender asked to send it again. */
function uncountedProblem(answer: Answer): string | null {
  const to = fieldOf(answer, 'location') ?? '';
  const isRefused = answer.status >= 400 && answer.status !== 422 && answer.status !== 429;
  return isRefused || (answer.status === 303 && /\?done=stale$/.test(to))
    ? null
    : `a form without its token is answered with ${answer.status} ${to}`;
}

/** A new session belongs to whose password the form has. */
async function loginProblem(
  request: RequestText,
  answer: Answer,
  form: ReadonlyMap<string, string>,
  port: number,
  values: Values,
): Promise<string | null> {
  const made = answer.fields.filter(([name, value]) => name === 'set-cookie' && /^gatehouse_session=[^;]/.test(value));
  if (made.length === 0) return null;
  const isLogin = request.method === 'POST' && request.path === '/account/login' && hasToken(request, form, values);
  const isProven = form.get('email')?.toLowerCase() === ADA.email && form.get('password') === ADA.password;
  if (!isLogin || !isProven)
    return hasSession(request, values) && !isLogin ? null : 'makes a session without a password';
  const [, line = ''] = made[0] ?? [];
  const start = await ask(
    port,
    {
      method: 'GET',
      path: '/account',
      query: '',
      fields: [['cookie', line.split(';')[0] ?? '']],
      body: Buffer.alloc(0),
    },
    [],
  );
  return start.body.includes(ADA.email) && !start.body.includes(ZOE.email) ? null : 'logs somebody else in';
}

/** Values of the request may not add lines to the head, nor redirect elsewhere. */
function splitProblem(answer: Answer): string | null {
  const to = fieldOf(answer, 'location');
  return firstOf(
    to === null || /^(?:http:\/\/gateway\.example)?\/account(?:[/?]|$)/.test(to) ? null : `redirects to ${to}`,
    answer.fields.some(([name]) => name === 'bcc' || name === '') ? 'a value adds a line to the head' : null,
  );
}
