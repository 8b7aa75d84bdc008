import { hash as digestOf } from 'node:crypto';
import test from 'ava';
import { encodeForCrypt } from '../../../../gateway/identify/passwords/hashes/crypt-base64.ts';
import { hashRules } from '../../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../../../gateway/identify/passwords/hashes/recognise.ts';
import { phpassDigest } from '../../../../gateway/identify/passwords/hashes/rounds/phpass-digest.ts';
import { describeUnknown } from '../../../../gateway/identify/passwords/hashes/unknown.ts';
import { ADOPTED, FIXTURES, OWN_TABLE, verifiable } from './fixtures.ts';

const SPECIAL = `it's "quoted" \\ & <angled>`;

function hashOf(format: string, password: string): string {
  const found = FIXTURES.find((one) => one.format === format && one.cheap && one.password === password);
  if (found === undefined) throw new Error(`no fixture of ${format}`);
  return found.hash;
}

function reasonOf(hash: string): string {
  const stored = recognise(hash, ADOPTED);
  return stored?.verifiable === false ? `${stored.format}, ${stored.reason}` : `not refused: ${hash}`;
}

for (const format of ['phpass', 'WordPress bcrypt']) {
  test(`${format}: WordPress hashes the trimmed password with slashes before quotes, and it is typed as it is`, async (t) => {
    const stored = verifiable(hashOf(format, SPECIAL));
    t.true(await stored.verify(SPECIAL));
    t.true(await stored.verify(` \t${SPECIAL}\n `));
    t.true(await stored.verify(SPECIAL.replace(/['"\\]/g, '\\$&')), 'other programs hash the password itself');
    t.false(await stored.verify(`\u00a0${SPECIAL}`), 'PHP trims ASCII only');
    t.false(await stored.verify(SPECIAL.replace('"', '')));
  });
}

test('phpass: spaces are no password, even where the hash is that of an empty one', async (t) => {
  const salt = 'saltsalt';
  const digest = phpassDigest({ recipe: 'phpass', digest: 'md5', salt, rounds: 2 ** 7, password: '' });
  const stored = verifiable(`$P$5${salt}${encodeForCrypt(digest)}`);
  t.true(await stored.verify(''));
  t.false(await stored.verify(' '));
});

test('phpBB hashes the password with entities for HTML, and it is typed as it is', async (t) => {
  const stored = verifiable(hashOf('phpBB phpass', SPECIAL));
  t.true(await stored.verify(SPECIAL));
  t.true(
    await stored.verify(
      SPECIAL.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replace('<', '&lt;').replace('>', '&gt;'),
    ),
  );
  t.false(await stored.verify(SPECIAL.replace('&', '')));
  t.false(await stored.verify(` ${SPECIAL}`));
});

test('a password longer than the application accepts is wrong, and costs no more than an empty one', async (t) => {
  // `U` hashes an MD5 of any length.
  const limits = {
    phpass: 4096,
    'WordPress bcrypt': 4096,
    'phpBB phpass': 4096,
    'Drupal sha512': 512,
    'crypt sha512': 511,
  };
  for (const [format, limit] of Object.entries(limits)) {
    const stored = verifiable(hashOf(format, 'correct horse: battery staple'));
    t.false(await stored.verify('x'.repeat(limit)));
    t.false(await stored.verify('x'.repeat(1_000_000)));
    t.false(await stored.verify(''));
  }
});

test('a hash of the empty password does not open to a password that is too long', async (t) => {
  // mkpasswd -m sha-512 -R 1000 ''
  const empty = '$6$rounds=1000$EMPTYSALT$';
  const stored = recognise(`${empty}${'.'.repeat(86)}`, OWN_TABLE);
  t.true(stored?.verifiable);
  t.false(await verifiable(`${empty}${'.'.repeat(86)}`).verify('x'.repeat(512)));
});

test('formats that are never accepted are named, and what is to be done', (t) => {
  const cases: [string, RegExp][] = [
    ['{noop}secret', /^Spring \{noop\}, the password itself, .* UserDetailsPasswordService$/],
    ['{MD5}{salt}5f4dcc3b5aa765d61d8327deb882cf99', /^Spring \{MD5\}, a single round/],
    ['{SHA-256}5f4dcc3b', /^Spring \{SHA-256\}, a single round/],
    [
      '{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0',
      /^Spring \{sha256\}, 1,024/,
    ],
    ['{ldap}{SSHA}aaaa', /^Spring \{ldap\}, /],
    [`{pbkdf2}${'0'.repeat(96)}`, /^Spring \{pbkdf2\}, which has other lengths than Spring's own/],
    [
      '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7',
      /^yescrypt, which the gateway does not compute/,
    ],
    ['$7$CU..../....x$y', /^crypt scrypt, /],
    ['$1$salt$qJH7.N4xYta3aEG/dfqo/0', /^crypt md5, /],
    ['$apr1$salt$xxcZ9Gh4LwMmtqRXhA5J2.', /^Apache md5, /],
    ['$md5,rounds=904$x$$y', /^Solaris md5, /],
    ['{CRYPT}$1$salt$qJH7.N4xYta3aEG/dfqo/0', /^crypt md5, /],
    ['{CRYPT}abXYZabcdefgh', /^LDAP \{CRYPT\}, which the gateway does not compute/],
  ];
  for (const [hash, reason] of cases) t.regex(reasonOf(hash), reason);
  t.regex(describeUnknown('abXYZabcdefgh'), /as long as DES of crypt\(3\)/);
});

test('crypt(3) in an LDAP directory is verified', async (t) => {
  const password = 'correct horse: battery staple';
  for (const format of ['crypt sha256', 'crypt sha512', 'bcrypt']) {
    const stored = verifiable(`{CRYPT}${hashOf(format, password)}`);
    t.is(stored.format, `LDAP ${format}`);
    t.true(await stored.verify(password));
    t.regex(stored.decoy(), /^\{CRYPT\}\$/);
  }
});

test('what asks for too many rounds, or too few, is refused', (t) => {
  const tail = 'a'.repeat(85);
  const cases: [string, RegExp][] = [
    [`$P$G${'a'.repeat(29)}.`, /phpass rounds: 262144; allowed are 128 to 131072$/],
    [`$H$z${'a'.repeat(29)}.`, /phpass rounds: 9223372036854776000;/],
    [`$P$4${'a'.repeat(29)}.`, /phpass rounds: 64;/],
    [`$S$G${'a'.repeat(51)}`, /phpass rounds: 262144;/],
    [`U$S$z${'a'.repeat(51)}`, /phpass rounds/],
    [`$wp$2y$17$${'a'.repeat(53)}`, /bcrypt cost: 17/],
    [`$6$rounds=1000001$salt$${tail}.`, /SHA-crypt rounds: 1000001; allowed are 1000 to 1000000$/],
    [`$6$rounds=999999999$salt$${tail}.`, /SHA-crypt rounds/],
    [`$5$rounds=${'9'.repeat(300)}$salt$${'a'.repeat(43)}`.replace(/a$/, '.'), /SHA-crypt rounds/],
    [`$5$rounds=999$salt$${'a'.repeat(42)}.`, /SHA-crypt rounds: 999;/],
    [`{bcrypt}$2a$31$${'a'.repeat(53)}`, /bcrypt cost: 31/],
    [`{argon2}$argon2id$v=19$m=1048576,t=1,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`, /Argon2 memory/],
    [springScrypt('1e0801'), /scrypt memory/],
    [springScrypt('10ffff'), /scrypt block size: 255/],
    [springScrypt('4fff0801'), /scrypt/],
    [springScrypt('40800'), /scrypt lanes: 0/],
    [springScrypt('40001'), /not defined/],
    [aspnet({ rounds: 0 }), /PBKDF2 rounds: 0;/],
    [aspnet({ rounds: 0xffffffff }), /PBKDF2 rounds: 4294967295;/],
    [aspnet({ prf: 0, rounds: 5_000_000, digestBytes: 64 }), /PBKDF2 rounds: 20000000;/],
    [aspnet({ saltBytes: 129, totalSalt: 129 }), /bytes of salt: 129;/],
    [aspnet({ digestBytes: 65 }), /bytes of digest: 65;/],
  ];
  for (const [hash, reason] of cases) t.regex(reasonOf(hash), reason, hash);
});

test('an ASP.NET hash whose lengths or numbers are wrong is of no known form', (t) => {
  const damaged = [
    aspnet({ prf: 3 }),
    aspnet({ prf: 0xffffffff }),
    aspnet({ saltBytes: 15 }),
    aspnet({ saltBytes: 0xffffffff }),
    aspnet({ saltBytes: 33 }),
    aspnet({ digestBytes: 15 }),
    Buffer.alloc(48).toString('base64'),
    Buffer.alloc(50).toString('base64'),
    Buffer.alloc(49, 2).toString('base64'),
    Buffer.alloc(49).toString('base64url'),
    Buffer.alloc(49).toString('base64').replace('A==', 'B=='),
    Buffer.from([1]).toString('base64'),
    '',
  ];
  for (const hash of damaged) t.is(recognise(hash, OWN_TABLE), null, hash);
});

test("Joomla's salted digests are verified only where weak hashes are allowed", async (t) => {
  const salt = 'kD6ZzMlOTHfJTNdCWdBKtCRMZSsYfNWY';
  const allowed = hashRules({ allowWeakHashes: true });
  for (const [prefix, digest] of [
    ['', 'md5'],
    ['{SHA256}', 'sha256'],
  ] as const) {
    const hash = `${prefix}${digestOf(digest, `secret${salt}`, 'hex')}:${salt}`;
    t.regex(reasonOf(hash), new RegExp(`^Joomla ${digest}, .*allowWeakHashes`));
    const stored = verifiable(hash, allowed);
    t.is(stored.caveat, 'weak');
    t.true(await stored.verify('secret'));
    t.false(await stored.verify('Secret'));
    t.like(recognise(stored.decoy(), allowed), { verifiable: true, format: `Joomla ${digest}` });
  }
  t.is(recognise(`${'0'.repeat(32)}:ab`, allowed), null, 'other programs have short salts, and another order');
});

function springScrypt(parameters: string): string {
  return `{scrypt}$${parameters}$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(32).toString('base64')}`;
}

/** A hash of version 3. @param totalSalt the bytes of salt that are there, whatever `saltBytes` says */
function aspnet({ prf = 2, rounds = 1000, saltBytes = 16, totalSalt = 16, digestBytes = 32 }): string {
  const head = Buffer.alloc(13, 1);
  for (const [index, number] of [prf, rounds, saltBytes].entries()) head.writeUInt32BE(number, 1 + 4 * index);
  return Buffer.concat([head, Buffer.alloc(totalSalt + digestBytes)]).toString('base64');
}
