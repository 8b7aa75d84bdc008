import test from 'ava';
import { recognise } from '../../../../gateway/identify/passwords/hashes/recognise.ts';
import { FIXTURES, OWN_TABLE, oneOfEachFormat, verifiable } from './fixtures.ts';

const cheap = FIXTURES.filter((fixture) => fixture.cheap);

test('every format is there, with short and with long passwords', (t) => {
  for (const { format } of oneOfEachFormat()) {
    // Spring hashes no longer ones since 6.4.
    if (format === 'Spring {bcrypt}') continue;
    const bytes = cheap
      .filter((fixture) => fixture.format === format)
      .map(({ password }) => Buffer.byteLength(password));
    t.true(
      bytes.some((length) => length > 72),
      format,
    );
    t.true(
      bytes.some((length) => length < 72),
      format,
    );
  }
  t.deepEqual(
    oneOfEachFormat()
      .map(({ format }) => format)
      .sort(),
    [
      'ASP.NET Identity v2',
      'ASP.NET Identity v3 sha1',
      'ASP.NET Identity v3 sha256',
      'ASP.NET Identity v3 sha512',
      'Django argon2id',
      'Django bcrypt',
      'Django bcrypt_sha256',
      'Django pbkdf2_sha1',
      'Django pbkdf2_sha256',
      'Django pbkdf2_sha512',
      'Django scrypt',
      'Drupal sha512',
      'Drupal sha512 of md5',
      'Firebase scrypt',
      'LDAP argon2i',
      'LDAP {PBKDF2-SHA256}',
      'LDAP {PBKDF2-SHA512}',
      'LDAP {PBKDF2}',
      'PHC pbkdf2-sha1',
      'PHC pbkdf2-sha256',
      'PHC pbkdf2-sha512',
      'PHC scrypt',
      'Spring {argon2@SpringSecurity_v5_8} argon2id',
      'Spring {argon2} argon2id',
      'Spring {bcrypt}',
      'Spring {scrypt@SpringSecurity_v5_8}',
      'Spring {scrypt}',
      'Werkzeug pbkdf2:sha1',
      'Werkzeug pbkdf2:sha256',
      'Werkzeug pbkdf2:sha512',
      'Werkzeug scrypt',
      'WordPress bcrypt',
      'argon2i',
      'argon2id',
      'bcrypt',
      'crypt sha256',
      'crypt sha512',
      'passlib pbkdf2',
      'passlib pbkdf2-sha256',
      'passlib pbkdf2-sha512',
      'phpBB phpass',
      'phpass',
      'phpass of md5',
    ],
  );
  t.true(FIXTURES.some(({ password }) => Buffer.byteLength(password) > 128));
});

test('hashes that the real programs made are recognised, and their password belongs to them', async (t) => {
  for (const { format, command, password, hash, opens } of cheap) {
    const stored = verifiable(hash);
    t.is(stored.format, format, hash);
    t.is(await stored.verify(password), opens, `${hash} by ${command}`);
  }
});

for (const { format, program, password, hash } of FIXTURES.filter((fixture) => !fixture.cheap)) {
  test(`${format} as ${program} makes it by itself is verified: ${hash.slice(0, 40)}`, async (t) => {
    t.true(await verifiable(hash).verify(password));
  });
}

test('another password is wrong, however near', async (t) => {
  for (const { format, password, hash } of cheap) {
    const stored = verifiable(hash);
    const others = ['', password.slice(0, -2), `${password}.`, password.toUpperCase(), `x${password}`];
    // WordPress trims passwords.
    if (format !== 'phpass' && format !== 'WordPress bcrypt') others.push(` ${password}`);
    for (const other of others) t.false(await stored.verify(other), `${other} for ${hash}`);
  }
});

test('a password is not normalised: composed and decomposed letters are two', async (t) => {
  const decomposed = cheap.filter(({ password }) => password !== password.normalize('NFC'));
  t.true(decomposed.length >= 3);
  for (const { password, hash } of decomposed) {
    t.true(await verifiable(hash).verify(password));
    t.false(await verifiable(hash).verify(password.normalize('NFC')), hash);
    t.false(await verifiable(hash).verify(password.normalize('NFD')), hash);
  }
});

test('a hash in which any one bit is another does not open', async (t) => {
  let verified = 0;
  for (const { password, hash } of oneOfEachFormat()) {
    for (const [index, character] of [...hash].entries()) {
      const flipped = String.fromCodePoint((character.codePointAt(0) ?? 0) ^ (1 << (index % 7)));
      const damaged = hash.slice(0, index) + flipped + hash.slice(index + 1);
      const stored = recognise(damaged, OWN_TABLE);
      if (!stored?.verifiable) continue;
      verified += 1;
      t.false(await stored.verify(password), `${damaged} for ${hash}`);
    }
  }
  t.true(verified > 1000, 'most are still of a known form');
});

/** Formats without a name in lower case. */
const CASELESS = /^(?:\{|U?\$[PHS]\$|\$[56]\$|A[A-Za-z0-9+/]+=*$)/;

test('a hash that is cut, lengthened or wrapped is not verified', (t) => {
  for (const { hash } of FIXTURES) {
    const wrapped = [hash.slice(0, -1), ` ${hash}`, `${hash}\n`, `${hash}=`, `${hash}$`];
    // `U` is a part of Drupal's form.
    if (!hash.startsWith('U$')) wrapped.push(hash.slice(1));
    if (!CASELESS.test(hash)) wrapped.push(hash.toUpperCase());
    for (const text of wrapped) t.not(recognise(text, OWN_TABLE)?.verifiable, true, JSON.stringify(text));
  }
});

test('what no program writes is of no known form', (t) => {
  const hex = '0'.repeat(64);
  const sha256 = 'A'.repeat(43);
  const bcrypt = 'a'.repeat(53);
  const texts = [
    '',
    '!',
    'secret',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    '!yVbKjTLhEQSmTmQqQ2W6jZJg9Qn7DZlyGbXo0bBt',
    `pbkdf2:sha256$salt$${hex}`,
    `pbkdf2:sha256:$salt$${hex}`,
    `pbkdf2:sha256:01000$salt$${hex}`,
    `pbkdf2:sha256:+1000$salt$${hex}`,
    `pbkdf2:sha256:1e3$salt$${hex}`,
    `pbkdf2:md5:1000$salt$${hex.slice(0, 32)}`,
    `pbkdf2:sha512:1000$salt$${hex}`,
    `pbkdf2:sha256:1000$$${hex}`,
    `pbkdf2:sha256:1000$sa\nlt$${hex}`,
    `scrypt:16:8:1$salt$${hex}`,
    `scrypt:16:8$salt$${hex}${hex}`,
    `pbkdf2_sha256$1000$salt$${sha256}`,
    `pbkdf2_sha512$1000$salt$${sha256}=`,
    `pbkdf2_sha256$1000$salt$${sha256.slice(1)}B=`,
    `$pbkdf2-sha256$1000$c2FsdA$${sha256.slice(1)}B`,
    `$pbkdf2-sha256$1000$c2FsdB$${sha256}`,
    `$pbkdf2-sha256$1000$c2F+dA$${sha256}`,
    `$2x$04$${bcrypt}`,
    `$2$04$${bcrypt}`,
    `$2b$03$${bcrypt}`,
    `$2b$4$${bcrypt}`,
    `$2b$32$${bcrypt}`,
    `bcrypt$2b$04$${bcrypt}`,
    `bcrypt_sha256$$2x$04$${bcrypt}`,
    `$argon2d$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$${sha256}`,
    `$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$${sha256}`,
    `$argon2id$m=64,t=1,p=1$c2FsdHNhbHQ$${sha256}`,
    `$argon2id$v=19$t=1,m=64,p=1$c2FsdHNhbHQ$${sha256}`,
    `$pbkdf2-sha256$i=1000,l=31$c2FsdA$${sha256}`,
    `$pbkdf2-sha256$i=01000$c2FsdA$${sha256}`,
    `$pbkdf2-sha256$i=1000,l=32$c2FsdA$${sha256}=`,
    `$pbkdf2-md5$i=1000$c2FsdA$${sha256}`,
    `$pbkdf2-sha512$i=1000$c2FsdA$${sha256}`,
    `$scrypt$ln=4,r=8,p=1$c2FsdA==$${sha256}=`,
    `$scrypt$ln=16384,r=8,p=1$c2FsdA$${sha256}`,
    `$scrypt$r=8,ln=4,p=1$c2FsdA$${sha256}`,
    `{PBKDF2-SHA384}10$c2FsdA$${sha256}`,
    `{ARGON2}$2b$04$${bcrypt}`,
    `$firescrypt$ln=4,r=8,p=2$c2FsdA==$${sha256}=`,
    `$firescrypt$ln=4,r=8,p=1$c2FsdA==$${sha256}=$Bw==`,
    `$firescrypt$ln=4,r=8,p=1$c2FsdA==$${sha256}=$Bw==$c2hvcnQ=`,
    `$fbscrypt$v=2,n=4,r=8,p=1$c2FsdA==$${sha256}=`,
    `$P$B${'a'.repeat(29)}2`,
    `$P$B${'a'.repeat(28)}.`,
    `$P$B${'a'.repeat(50)}.`,
    `$S$D${'a'.repeat(29)}.`,
    `$P$-${'a'.repeat(29)}.`,
    `$Q$B${'a'.repeat(29)}.`,
    `W$S$D${'a'.repeat(51)}`,
    `$wp$2b$04$${bcrypt}`,
    `$wp2y$04$${bcrypt}`,
    `$5$salt$${'a'.repeat(42)}E`,
    `$6$salt$${'a'.repeat(85)}2`,
    `$6$salt$${'a'.repeat(43)}`,
    `$6$${'s'.repeat(17)}$${'a'.repeat(86)}`,
    `$6$$${'a'.repeat(86)}`,
    `$6$rounds=01000$salt$${'a'.repeat(86)}`,
    `$6$rounds=$salt$${'a'.repeat(86)}`,
    `{scrypt}$801$c2FsdA==$${sha256}=`,
    `{scrypt}$0e0801$c2FsdA==$${sha256}=`,
    `{scrypt}$E0801$c2FsdA==$${sha256}=`,
    `{bcrypt}${bcrypt}`,
    `{Bcrypt}$2a$04$${bcrypt}`,
    `{argon2id}$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$${sha256}`,
    `$argon2id$v=19$m=64,t=1,p=1,data=AAAA$c2FsdHNhbHQ$${sha256}`,
    `argon2$$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$${sha256}`,
  ];
  for (const text of texts) t.is(recognise(text, OWN_TABLE), null, text);
});
