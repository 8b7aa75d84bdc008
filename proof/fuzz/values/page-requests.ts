import type { Random } from '../../random.ts';
import { mutate } from '../mutations.ts';

/** In a page, each of these must be escaped. Pages do not have them by themselves. */
export const MARKERS = ['<qzqz', '"qzqz', '&qzqz', '>qzqz'] as const;

const PATHS: readonly [string, ...string[]] = [
  '',
  '/login',
  '/register',
  '/forgotten',
  '/reset',
  '/confirm',
  '/confirm/again',
  '/email',
  '/email/confirm',
  '/password',
  '/tokens',
  '/tokens/x/revoke',
  '/tokens/x/created',
  '/everywhere',
  '/logout',
  '/tokens/%22qzqz/revoke',
  ...(['/nowhere', '/%3Cqzqz', '/__proto__', '/tokens/%00/revoke', '/style-x.css', '/tokens/%ff/created'] as const),
];
const QUERIES: readonly [string, ...string[]] = [
  '',
  '',
  '?done=stale',
  '?done=__proto__',
  '?done=%3Cqzqz',
  '?link=%22qzqz%3Cqzqz',
  '?link={link}',
  '?link=a&link=b',
  '?after=1.x',
  ...(['?limit=%3Cqzqz', '?after=%22qzqz', '?done[]=stale', '?link=%ff', '?%3Cqzqz=1'] as const),
];
const TEXTS: readonly [string, ...string[]] = [
  'ada@example.com',
  'bob@example.com',
  'correct horse',
  'battery staple',
  'a good password',
  'new@example.com',
  'yes',
  '3600',
  '<qzqz@example.com',
  '"qzqz"@example.com',
  '&qzqz;@x.de',
  '>qzqz',
  "'qzqz",
  'x"qzqz<qzqz',
  '<qzqz',
  '"qzqz',
  '&qzqz',
  '',
  ' ',
  '\0',
  '\r\nBcc: a@b',
  '\ud7ff',
  'x'.repeat(300),
  'x'.repeat(20_000),
  '\u202e',
  'a,b@example.com',
  '{link}',
  '__proto__',
  '%',
  '%zz',
  '%ff',
];
const FIELDS: readonly [string, ...string[]] = [
  'email',
  'password',
  'present',
  'link',
  'name',
  'lifetime',
  'tokens',
  'scope',
  '<qzqz',
  '__proto__',
  'form_token',
  '',
];
const TYPES: readonly [string, ...string[]] = [
  'application/x-www-form-urlencoded; charset=utf-8',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/json',
  'application/x-www-form-urlencoded; charset=latin1',
  'application/x-www-form-urlencoded-x',
  'APPLICATION/X-WWW-FORM-URLENCODED',
];
const COOKIES: readonly [string, ...string[]] = [
  'gatehouse_session=',
  '__Host-gatehouse_session={session}',
  'gatehouse_session="{session}"',
  'a=b',
  '=',
  ';;',
  'gatehouse_form=x',
  'Gatehouse_session={session}',
  'gatehouse_session=x.{session}',
  'gatehouse_session={session}x',
  '\xff',
  '<qzqz=<qzqz',
];

/**
 * Requests to the account pages. `{session}` stands for the cookie of an owner who is logged in, `{form}` for that of her forms,
 * `{token}` for the token of her forms, `{nobody}` for the cookie and `{stranger}` for the token of forms without a session,
 * `{link}` for a link that is void. `{session^7}` has bit 7 flipped.
 */
export function pageRequests(random: Random): Buffer {
  const isForm = !random.once(3);
  const cookies = [...someCookies(random)].filter((cookie) => cookie !== '');
  const head = [
    `${random.mostly(20, isForm ? 'POST' : 'GET', 'HEAD', 'PUT', 'DELETE')} /account${random.of(PATHS)}${isForm ? '' : random.of(QUERIES)}`,
    ...(cookies.length > 0 ? [`Cookie: ${cookies.join(random.mostly(10, '; ', ';', ', ', '\t;'))}`] : []),
    ...(isForm ? [`Content-Type: ${random.mostly(12, 'application/x-www-form-urlencoded', ...TYPES)}`] : []),
    ...(random.once(6)
      ? [`Sec-Fetch-Site: ${random.of(['same-origin', 'cross-site', 'same-site', 'none', 'x'])}`]
      : []),
    ...(random.once(8)
      ? [`Origin: ${random.of(['http://gateway.example', 'https://evil.example', 'null', 'http://gateway.example.'])}`]
      : []),
    ...(random.once(30) ? [`Content-Encoding: ${random.of(['gzip', 'identity'])}`] : []),
  ];
  const body = Buffer.from(isForm ? form(random) : '');
  return Buffer.concat([
    Buffer.from(`${head.join('\n')}\n\n`, 'latin1'),
    isForm && random.once(6) ? mutate(random, body) : body,
  ]);
}

function someCookies(random: Random): string[] {
  const flip = () => (random.once(3) ? `^${random.below(700)}` : '');
  const session = random.mostly(4, `gatehouse_session={session${flip()}}`, '', ...COOKIES);
  const ofForm = random.mostly(
    6,
    'gatehouse_form={form}',
    'gatehouse_form={nobody}',
    `gatehouse_form={form^${random.below(300)}}`,
    '',
  );
  const more = random.once(6) ? [random.of(COOKIES)] : [];
  return random.once(2) ? [session, ofForm, ...more] : [...more, ofForm, session];
}

function form(random: Random): string {
  const token = random.mostly(4, '{token}', '{stranger}', `{token^${random.below(300)}}`, '', 'x');
  const pairs = Array.from(
    { length: random.below(5) },
    () => `${encoded(random, random.of(FIELDS))}=${encoded(random, random.of(TEXTS))}`,
  );
  const login = random.once(3)
    ? [
        'email=ada%40example.com',
        `password=${random.mostly(3, 'correct+horse', 'correct+horse+', 'Correct+horse', '')}`,
      ]
    : [];
  return [`form_token=${token}`, ...login, ...pairs].join(random.mostly(30, '&', '&&', ';', '=&'));
}

function encoded(random: Random, text: string): string {
  if (/^\{.*\}$|^%/.test(text) || random.once(20)) return text;
  return encodeURIComponent(text).replaceAll('%20', random.of(['+', '%20']));
}
