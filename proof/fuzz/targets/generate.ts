import type { Random } from '../../random.ts';
import { mutate } from '../mutations.ts';

const STARTS: readonly [string, ...string[]] = [
  ...(['/', '/shop', '/shop/admin', '/api/v1', '/api/v1/orders', '/api/v1/orders/private', '/api/v1/things'] as const),
  ...(['//', '/./shop', '/x', '/Shop', '/api/v1/', '/api', '/shop/', 'http://gateway.test/shop', '/%73hop'] as const),
];
const PARTS: readonly [string, ...string[]] = [
  ...([
    '/7',
    '/a',
    '/',
    '//',
    '/..',
    '/.',
    '/%2e%2e',
    '/%2E.',
    '/%252e%252e',
    '/..;a',
    '/;',
    ';x=1',
    ';/..',
    '/...',
  ] as const),
  ...([
    '%2f',
    '%2F..',
    '%5c',
    '\\',
    '/..\\',
    '%00',
    '%0a',
    '%0d',
    '%09',
    '%20',
    '+',
    '%',
    '%zz',
    '%u002e',
    '%c0%ae',
  ] as const),
  ...([
    '%c3%a9',
    '\xc3\xa9',
    '\xe9',
    '%ff',
    '%ef%bc%8f',
    '%e2%80%8b',
    '%ef%bb%bf',
    '@',
    ':',
    '|',
    '^',
    '`',
    '{}',
    '<>',
  ] as const),
  ...([
    '"',
    "'",
    '~',
    '!',
    '$&',
    '*',
    '(,)',
    '=',
    '[',
    ']',
    '#',
    '#/..',
    '?',
    '?a=b',
    '?/../',
    '?#',
    '%23',
    '%3f',
    '%3b',
  ] as const),
  ...([
    '/admin',
    '/private',
    '/orders',
    '/shop',
    '/%61dmin',
    '/%2561dmin',
    '/ADMIN',
    'x',
    '/%41dmin',
    '.',
    '..',
    '%2e',
  ] as const),
];

/** A request target: often of a route, with parts that programs read in different ways. */
export function targetBytes(random: Random): Buffer {
  let text = random.of(STARTS);
  for (let count = random.below(5); count > 0; count -= 1) text += random.of(PARTS);
  const bytes = Buffer.from(text, 'latin1');
  return random.once(6) ? mutate(random, bytes) : bytes;
}
