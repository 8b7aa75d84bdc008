import { canonicalEmail } from '../../../gateway/domain/account.ts';
import { GatewayError } from '../../../gateway/domain/errors.ts';
import type { Outcome } from '../../../gateway/domain/identity.ts';
import { readHead } from '../../../gateway/http/head.ts';
import { type Credentials, parseCredentials } from '../../../gateway/identify/credentials.ts';
import { createIdentify } from '../../../gateway/identify/identify.ts';
import { provenCredentials } from '../../../gateway/identify/proven-credentials.ts';
import { credentialOfRequest } from '../../../gateway/request/credential-of-request.ts';
import type { Random } from '../../random.ts';
import type { Campaign } from '../campaign.ts';
import { type Finding, unequal } from '../finding.ts';
import { mutate } from '../mutations.ts';
import { account, PEOPLE, verifiedToken } from './people.ts';

const TOKENS: ReadonlyMap<string, string> = new Map(PEOPLE.map(({ id }) => [`t.o-k_${id}~+/`, id]));
const TEXTS = PEOPLE.flatMap(({ email, password, id }) => [
  `${email}:${password}`,
  `t.o-k_${id}~+/:`,
  `token:t.o-k_${id}~+/`,
  `X-Token-Auth:t.o-k_${id}~+/`,
  `${email}:`,
  `${email.toUpperCase()}:${password}`,
  `${email}:${password.normalize('NFD')}`,
]) as [string, ...string[]];
const ODD: readonly [string, ...string[]] = [
  '\0',
  '\x1f',
  '\x7f',
  '\x85',
  '\ufeff',
  '\u212a',
  '\u0130',
  '\ufffd',
  ' ',
  ':',
  '\u0301',
];
const SCHEMES: readonly [string, ...string[]] = [
  'Basic',
  'basic',
  'BASIC',
  'Bearer',
  'bEaReR',
  'Basic:',
  'Digest',
  'Token',
  'Ba\xdfic',
  'Basi\xa2',
];
const SPACES: readonly [string, ...string[]] = [' ', '  ', '', '\t', ' \t', '\xa0', '   ', ', ', '='];

/**
 * Lines of `Authorization`. Each must be read as by RFC 7617 and RFC 6750, and identify exactly the account whose password or
 * token it has; two lines are refused. All inputs share the cache of proven credentials, as in a process.
 */
export const authorization: Campaign = {
  name: 'authorization',
  open() {
    const identify = identifyPeople();
    return {
      generate: authorizationLines,
      compare: (bytes) => compare(bytes.toString('latin1').split('\n'), identify),
    };
  },
};

function authorizationLines(random: Random): Buffer {
  const count = random.mostly(20, 1, 2, 3);
  const lines = Array.from({ length: count }, () => authorizationLine(random));
  return Buffer.from(lines.join('\n'), 'latin1');
}

function authorizationLine(random: Random): string {
  const scheme = random.mostly(6, random.of(['Basic', 'Bearer']), ...SCHEMES);
  const value =
    /^b.*r$/i.test(scheme) && random.once(2) ? random.of([...TOKENS.keys()] as [string]) : encodedText(random);
  const line = `${scheme}${random.mostly(8, ' ', ...SPACES)}${value}`;
  return random.once(6) ? mutate(random, Buffer.from(line, 'latin1')).toString('latin1') : line;
}

function encodedText(random: Random): string {
  let text = random.of(TEXTS);
  for (let changes = random.below(3); changes > 0; changes -= 1) {
    const at = random.below(text.length + 1);
    text = text.slice(0, at) + random.of(ODD) + text.slice(at + random.below(2));
  }
  let bytes: Buffer = Buffer.from(random.once(40) ? text.padEnd(random.below(40_000), 'x') : text);
  if (random.once(6)) bytes = mutate(random, bytes);
  const base64 = bytes.toString('base64');
  switch (random.below(12)) {
    case 0:
      return bytes.toString('base64url');
    case 1:
      return base64.replace(/=+$/, '');
    case 2:
      return `${base64}${random.of(['=', '==', ' ', 'A', ', Bearer x', '\xa0'])}`;
    case 3:
      // The last character with other bits behind the last byte.
      return base64.replace(
        /.(?==*$)/,
        random.text('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 1),
      );
    case 4: {
      const at = random.below(base64.length + 1);
      return `${base64.slice(0, at)}${random.of([' ', '\r', '=', '-', '_', '\0', '\xff'])}${base64.slice(at)}`;
    }
    default:
      return base64;
  }
}

/** Identifies by the passwords and tokens of `PEOPLE`, with the real parser and cache. */
function identifyPeople() {
  const found = (id: string, by: 'password' | 'token'): Outcome => {
    const identity =
      by === 'password'
        ? ({ by, account: account(id) } as const)
        : ({ by, account: account(id), token: verifiedToken(id), scheme: 'basic' } as const);
    return { kind: 'found', identity };
  };
  return createIdentify({
    proven: provenCredentials(),
    async byPassword(email, password) {
      const id = ownerOf(email, password);
      if (id === null) return { outcome: { kind: 'refused', reason: 'wrong password', scheme: 'basic' }, proof: null };
      return { outcome: found(id, 'password'), proof: { by: 'password', account: account(id) } };
    },
    byProvenPassword: (proof) => found(proof.account.id, 'password'),
    verifyToken(token) {
      const id = TOKENS.get(token);
      return id === undefined ? { ok: false, reason: 'invalid token: unknown' } : verifiedToken(id);
    },
    byToken: (token) => found(token.claims.accountId, 'token'),
  });
}

/** Passwords are compared as sent and in NFC, as those of the gateway's own table. */
function ownerOf(email: string, password: string): string | null {
  const owner = PEOPLE.find((one) => one.email === canonicalEmail(email));
  return owner !== undefined && [password, password.normalize('NFC')].includes(owner.password) ? owner.id : null;
}

async function compare(sent: readonly string[], identify: ReturnType<typeof identifyPeople>): Promise<Finding> {
  // What a parser of HTTP leaves: no white space around a value.
  const lines = sent.map((line) => line.replace(/^[ \t]+|[ \t]+$/g, ''));
  const [line = ''] = lines;
  const value = valueOfHead(lines);
  if (lines.length > 1)
    return { kind: 'several lines', difference: value === 'refused' ? null : 'several lines are accepted' };
  if (value !== line) return { kind: 'one line', difference: unequal('value', value, line) };
  const expected = strictlyRead(line);
  const read = parseCredentials(line);
  const difference = unequal('credentials', read, expected);
  if (difference !== null) return { kind: expected.kind, difference };
  const owner = ownerByCredentials(expected);
  // Once more, from the cache.
  for (const turn of ['first', 'second']) {
    const outcome = await identify('authorization ', line, '127.0.0.1');
    const id = outcome.kind === 'found' ? outcome.identity.account.id : null;
    if (id !== owner) return { kind: expected.kind, difference: unequal(`account at the ${turn} time`, id, owner) };
  }
  return { kind: `${expected.kind}: ${owner === null ? 'refused' : 'accepted'}`, difference: null };
}

function valueOfHead(lines: readonly string[]): string | undefined | 'refused' {
  try {
    const raw = [
      'Host',
      'a',
      ...lines.flatMap((line, index) => [index === 0 ? 'Authorization' : 'authorization', line]),
    ];
    const head = readHead(raw, '1.1');
    return credentialOfRequest(['basic', 'bearer', 'api-key'], head).value;
  } catch (error) {
    if (error instanceof GatewayError && error.status === 400) return 'refused';
    throw error;
  }
}

function ownerByCredentials(credentials: Credentials): string | null {
  switch (credentials.kind) {
    case 'password':
      return ownerOf(credentials.email, credentials.password);
    case 'token':
      return TOKENS.get(credentials.token) ?? null;
    case 'malformed':
      return null;
  }
}

const TOKEN68 = /^[A-Za-z0-9._~+/-]+=*$/;

/** RFC 9110 section 11.4, RFC 7617 section 2 and RFC 6750 section 2.1, with what the contract adds about tokens. */
function strictlyRead(line: string): Credentials {
  const [, scheme = '', value = ''] = /^([^ ]*)(?: +(.*))?$/s.exec(line) ?? [];
  if (/^bearer$/i.test(scheme)) {
    return TOKEN68.test(value)
      ? { kind: 'token', token: value, scheme: 'bearer' }
      : { kind: 'malformed', scheme: 'bearer' };
  }
  const bytes = /^basic$/i.test(scheme) ? decodeBase64(value) : null;
  const text = bytes === null ? null : decodeUtf8(bytes);
  const colon = text === null ? -1 : text.indexOf(':');
  if (text === null || colon < 1 || [...text].some(isControl)) return { kind: 'malformed', scheme: 'basic' };
  const [user, password] = [text.slice(0, colon), text.slice(colon + 1)];
  if (password === '') return { kind: 'token', token: user, scheme: 'basic' };
  if (/^(?:token|x-token-auth)$/i.test(user)) return { kind: 'token', token: password, scheme: 'basic' };
  return { kind: 'password', email: user, password };
}

function isControl(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648 section 4, with padding (section 3.2), without other characters (3.3) and with zeros in the bits that pad (3.5). */
function decodeBase64(text: string): Buffer | null {
  if (text.length === 0 || text.length % 4 !== 0) return null;
  const digits = text.replace(/={1,2}$/, '');
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const digit of digits) {
    const value = ALPHABET.indexOf(digit);
    if (value === -1) return null;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push(held >> bits);
    held &= (1 << bits) - 1;
  }
  return held === 0 && bits < 6 ? Buffer.from(bytes) : null;
}

function decodeUtf8(bytes: Buffer): string | null {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : null;
}
