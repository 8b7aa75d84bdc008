import test from 'ava';
import { type Credentials, parseCredentials } from '../../gateway/identify/credentials.ts';

const MALFORMED_BASIC = { kind: 'malformed', scheme: 'basic' } as const;
const MALFORMED_BEARER = { kind: 'malformed', scheme: 'bearer' } as const;

function basic(text: string | Buffer): string {
  return `Basic ${Buffer.from(text).toString('base64')}`;
}

function password(email: string, text: string): Credentials {
  return { kind: 'password', email, password: text };
}

const READ: [string, string, Credentials][] = [
  ['a user name and a password are an account', basic('a@b:p'), password('a@b', 'p')],
  ['the first colon ends the user name', basic('a@b::p:q:'), password('a@b', ':p:q:')],
  ['spaces belong to the password', basic('a@b: p '), password('a@b', ' p ')],
  ['both are UTF-8', basic('ä@ü:密🔑'), password('ä@ü', '密🔑')],
  ['a byte order mark is a character like others', basic('\ufeffa:p'), password('\ufeffa', 'p')],
  ['a user name without a password is a token', basic('t.o.k:'), { kind: 'token', token: 't.o.k', scheme: 'basic' }],
  [
    'the password of the user token is a token',
    basic('token:t.o.k'),
    { kind: 'token', token: 't.o.k', scheme: 'basic' },
  ],
  ['that of x-token-auth too', basic('x-token-auth:t:o'), { kind: 'token', token: 't:o', scheme: 'basic' }],
  ['in any case', basic('X-Token-Auth:t'), { kind: 'token', token: 't', scheme: 'basic' }],
  ['token itself without a password is one', basic('token:'), { kind: 'token', token: 'token', scheme: 'basic' }],
  ['an email that begins like it is an email', basic('token@b:p'), password('token@b', 'p')],
  ['so is one whose lower case is a token user', basic('to\u212aen:p'), password('to\u212aen', 'p')],
  ['so is one with a space', basic('token :p'), password('token ', 'p')],
  ['Bearer is a token', 'Bearer a.b-c_d~e+f/g==', { kind: 'token', token: 'a.b-c_d~e+f/g==', scheme: 'bearer' }],
  ['schemes are written in any case', 'bEaReR x', { kind: 'token', token: 'x', scheme: 'bearer' }],
  ['several spaces may stand between', 'Bearer   x', { kind: 'token', token: 'x', scheme: 'bearer' }],
];

for (const [title, field, expected] of READ) {
  test(title, (t) => t.deepEqual(parseCredentials(field), expected));
}

const MALFORMED: [string, string][] = [
  ['an empty field', ''],
  ['a scheme alone', 'Basic'],
  ['a scheme and a space', 'Basic '],
  ['an unknown scheme', 'Digest YTpi'],
  ['an unknown scheme that begins like a known one', 'Basics YTpi'],
  ['a tab for the space', 'Basic\tYTpi'],
  ['a no-break space for the space', 'Basic\xa0YTpi'],
  ['a comma behind the credentials', `${basic('a:b')},`],
  ['two credentials', `${basic('a:b')} ${basic('a:b')}`],
  ['a character outside of the alphabet', 'Basic YT*pi'],
  ['the alphabet for URLs', `Basic ${Buffer.from('a:\u00fb\u00ff~~?').toString('base64url')}`],
  ['missing padding', 'Basic YTpiYg'],
  ['too much padding', 'Basic YTpi===='],
  ['padding in the middle', 'Basic YTo=Yg=='],
  ['bits behind the last byte', 'Basic YTpiYh=='],
  ['white space within', 'Basic YTpi YTpi'],
  ['bytes that are not UTF-8', basic(Buffer.from([0x61, 0x3a, 0xe4]))],
  ['an overlong colon', basic(Buffer.from([0x61, 0xc0, 0xba, 0x62]))],
  ['half a surrogate pair', basic(Buffer.from([0x61, 0x3a, 0xed, 0xa0, 0x80]))],
  ['a NUL', basic('a:b\0c')],
  ['a line end in the user name', basic('a\r\n:b')],
  ['a C1 control character', basic('a:b\u0085')],
  ['no colon', basic('a@b')],
  ['an empty user name', basic(':b')],
  ['an empty user name without a password', basic(':')],
];

for (const [title, field] of MALFORMED) {
  test(`malformed: ${title}`, (t) => t.deepEqual(parseCredentials(field), MALFORMED_BASIC));
}

for (const field of [
  'Bearer',
  'Bearer ',
  'Bearer a b',
  'Bearer a,',
  'Bearer =',
  'Bearer a=b',
  'Bearer "a"',
  'Bearer \ta',
  'Bearer ä',
]) {
  test(`malformed: ${JSON.stringify(field)}`, (t) => t.deepEqual(parseCredentials(field), MALFORMED_BEARER));
}
