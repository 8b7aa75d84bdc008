import test from 'ava';
import { decoyOf, recognise } from '../../../../gateway/identify/passwords/hashes/recognise.ts';
import { OWN_TABLE, verifiable } from './fixtures.ts';

const HEX = '0'.repeat(64);
const BASE64 = { 32: 'A'.repeat(43), 64: 'A'.repeat(86) };
const BCRYPT = 'a'.repeat(53);
const GIGABYTE = 2 ** 30;

function argon2({ m = 64, t = 1, p = 1, salt = 'c2FsdHNhbHQ', digest = BASE64[32] }): string {
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${salt}$${digest}`;
}

function werkzeugScrypt(N: number | string, r: number | string, p: number | string): string {
  return `scrypt:${N}:${r}:${p}$salt$${HEX}${HEX}`;
}

test('a hash that asks for too much is refused with the reason, and has no decoy', (t) => {
  const cases: [string, RegExp][] = [
    [`$2b$17$${BCRYPT}`, /^bcrypt cost: 17; allowed are 4 to 16$/],
    [`$2y$31$${BCRYPT}`, /^bcrypt cost: 31; allowed are 4 to 16$/],
    [`bcrypt$$2b$31$${BCRYPT}`, /^bcrypt cost: 31; allowed are 4 to 16$/],
    [`bcrypt_sha256$$2b$31$${BCRYPT}`, /^bcrypt cost: 31; allowed are 4 to 16$/],
    [`pbkdf2:sha256:1000000000$salt$${HEX}`, /^PBKDF2 rounds: 1000000000; allowed are 1 to 10000000$/],
    [`pbkdf2:sha512:10000001$salt$${HEX}${HEX}`, /PBKDF2 rounds: 10000001/],
    [`pbkdf2_sha256$${'9'.repeat(400)}$salt$${BASE64[32]}=`, /PBKDF2 rounds/],
    [`$pbkdf2-sha256$4294967296$c2FsdA$${BASE64[32]}`, /PBKDF2 rounds/],
    [`pbkdf2:sha256:1$${'s'.repeat(129)}$${HEX}`, /bytes of salt: 129;/],
    [`pbkdf2:sha256:1$${'ü'.repeat(65)}$${HEX}`, /bytes of salt: 130;/],
    [werkzeugScrypt(2 ** 18, 8, 1), /scrypt memory/],
    [werkzeugScrypt(2 ** 30, 8, 1), /scrypt memory/],
    [werkzeugScrypt(2 ** 17, 8, 16), /scrypt work/],
    [werkzeugScrypt(16, 8, GIGABYTE), /scrypt lanes/],
    [werkzeugScrypt(16, GIGABYTE, 1), /scrypt block size/],
    [`scrypt$1048576$salt$8$1$${BASE64[64]}==`, /scrypt memory/],
    [`scrypt$16$salt$8$1073741824$${BASE64[64]}==`, /scrypt lanes/],
    [argon2({ m: 2 ** 20 }), /Argon2 memory/],
    [argon2({ m: 4 * GIGABYTE }), /Argon2 memory/],
    [argon2({ m: 2 ** 18, t: 5 }), /Argon2 work/],
    [argon2({ t: GIGABYTE }), /Argon2 work/],
    [argon2({ m: 256, t: 4096, p: 32 }), /Argon2 passes/],
    [argon2({ m: 2 ** 18, p: 2 ** 15 }), /Argon2 lanes/],
    [argon2({ salt: 'c2FsdA' }), /bytes of salt: 4;/],
    [argon2({ salt: 'A'.repeat(172) }), /bytes of salt: 129;/],
    [argon2({ digest: 'AA' }), /bytes of digest: 1;/],
    [argon2({ digest: 'AAAAAA' }), /bytes of digest: 4;/],
    [argon2({ digest: 'A'.repeat(87) }), /bytes of digest: 65;/],
    [`argon2${argon2({ m: 2 ** 20 })}`, /Argon2 memory/],
    [`{ARGON2}${argon2({ m: 2 ** 20 })}`, /Argon2 memory/],
    [`{PBKDF2-SHA256}10000001$c2FsdA$${BASE64[32]}`, /PBKDF2 rounds/],
    [`$pbkdf2-sha256$i=10000001,l=32$c2FsdA$${BASE64[32]}`, /PBKDF2 rounds/],
    [`$pbkdf2-sha256$i=1000,l=3$c2FsdA$AAAA`, /bytes of digest: 3;/],
    [`$scrypt$ln=18,r=8,p=1$c2FsdA$${BASE64[32]}`, /scrypt memory/],
    [`$scrypt$ln=31,r=8,p=1$c2FsdA$${BASE64[32]}`, /scrypt memory/],
    [`$scrypt$ln=1073741824,r=8,p=1$c2FsdA==$${BASE64[32]}=`, /scrypt memory/],
    [`$scrypt$ln=4,r=8,p=1073741824$c2FsdA$${BASE64[32]}`, /scrypt lanes/],
  ];
  for (const [hash, reason] of cases) {
    const stored = recognise(hash, OWN_TABLE);
    t.like(stored, { verifiable: false }, hash);
    if (stored?.verifiable === false) t.regex(stored.reason, reason, hash);
    t.is(decoyOf(hash, OWN_TABLE), null, hash);
  }
});

test('a hash for which scrypt or Argon2 is not defined is refused', (t) => {
  const undefinedOnes = [
    werkzeugScrypt(1, 8, 1),
    werkzeugScrypt(1000, 8, 1),
    werkzeugScrypt(32767, 8, 1),
    werkzeugScrypt(65536, 1, 1),
    werkzeugScrypt('9'.repeat(330), 1, 1),
    `scrypt$16385$salt$8$1$${BASE64[64]}==`,
    argon2({ m: 31, p: 4 }),
    argon2({ m: 7 }),
  ];
  for (const hash of undefinedOnes) {
    const stored = recognise(hash, OWN_TABLE);
    t.like(stored, { verifiable: false }, hash);
    if (stored?.verifiable === false) t.regex(stored.reason, /not defined/, hash);
  }
});

test('a text of more than 512 characters is of no known form', (t) => {
  t.is(recognise(`pbkdf2:sha256:1$${'s'.repeat(440)}$${HEX}`, OWN_TABLE), null);
  t.is(recognise(`pbkdf2:sha256:${'9'.repeat(10_000_000)}$salt$${HEX}`, OWN_TABLE), null);
});

test('what is just within the limits is computed, and does not fail', async (t) => {
  const cheapEnough = [
    werkzeugScrypt(2, 1, 1),
    werkzeugScrypt(32768, 1, 1),
    werkzeugScrypt(2, 32, 32),
    werkzeugScrypt(16, 1, 32),
    `pbkdf2:sha256:1$${'s'.repeat(128)}$${HEX}`,
    argon2({ m: 8 }),
    argon2({ m: 256, p: 32 }),
    argon2({ digest: 'A'.repeat(22), salt: 'A'.repeat(171) }),
    argon2({ digest: BASE64[64] }),
  ];
  for (const hash of cheapEnough) t.false(await verifiable(hash).verify('secret'), hash);
});
