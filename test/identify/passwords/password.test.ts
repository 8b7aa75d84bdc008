import { pbkdf2Sync } from 'node:crypto';
import test from 'ava';
import bcrypt from 'bcrypt';
import { bcryptDecoy } from '../../../gateway/identify/passwords/hashes/bcrypt.ts';
import { hashPassword, passwordChecker, validateNewPassword } from '../../../gateway/identify/passwords/password.ts';
import { ADOPTED, OWN_TABLE } from './hashes/fixtures.ts';

const check = passwordChecker(bcryptDecoy(4), OWN_TABLE);

test('a password belongs to its own hash and to no other', async (t) => {
  const hash = await hashPassword('pässwörd:with colon', 4);
  t.true(await check(hash, 'pässwörd:with colon'));
  t.false(await check(hash, 'pässwörd:with colo'));
  t.false(await check(hash, 'Pässwörd:with colon'));
  t.false(await check(hash, ''));
});

test('a password is the same however its characters are composed, and the same hash is of no other', async (t) => {
  const [composed, decomposed] = ['pässwörd é', 'pässwörd é'.normalize('NFD')];
  t.not(composed, decomposed);
  for (const chosen of [composed, decomposed]) {
    const hash = await hashPassword(chosen, 4);
    for (const typed of [composed, decomposed, 'p\u0061\u0308sswörd é']) t.true(await check(hash, typed), typed);
    for (const other of ['password e', 'PÄSSWÖRD É', 'pässwörd e', 'ｐässwörd é'])
      t.false(await check(hash, other), other);
  }
});

test('what an application has hashed as it was typed stays good as it was typed', async (t) => {
  const decomposed = 'pässwörd'.normalize('NFD');
  t.true(await check(await bcrypt.hash(decomposed, 4), decomposed));
  t.false(await check(await bcrypt.hash(decomposed, 4), 'pässwörd'), 'nobody can know that it was not composed');
  t.true(await check(await bcrypt.hash('pässwörd', 4), decomposed));
});

test('a new password is as long as its composed form', async (t) => {
  const decomposed = 'é'.normalize('NFD').repeat(36);
  t.is(Buffer.byteLength(decomposed), 108);
  t.true(await check(await hashPassword(decomposed, 4), decomposed));
  t.throws(() => validateNewPassword(`${decomposed}x`), { message: /73 bytes/ });
});

test('hashes of the three names of bcrypt are understood', async (t) => {
  // Known answers of crypt_blowfish, https://www.openwall.com/crypt/
  const digest = '$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
  for (const name of ['$2a', '$2b', '$2y']) {
    t.true(await check(name + digest, 'U*U'), name);
    t.false(await check(name + digest, 'U*V'), name);
  }
});

test('a hash that is missing, damaged, of another form or far too costly belongs to no password', async (t) => {
  const good = await hashPassword('secret', 4);
  const hashes = [
    null,
    '',
    'secret',
    good.slice(0, -1),
    `${good}x`,
    `${good}\n`,
    ` ${good}`,
    good.replace('$2b$', '$2x$'),
    good.replace('$2b$', '$2$'),
    good.replace('$04$', '$03$'),
    good.replace('$04$', '$4$'),
    good.replace('$04$', '$17$'),
    good.replace('$04$', '$31$'),
    '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA',
    `{Bcrypt}${good}`,
  ];
  for (const hash of hashes) t.false(await check(hash, 'secret'), JSON.stringify(hash));
});

test('a password whose first 72 bytes are right is wrong, although bcrypt itself would take it', async (t) => {
  const password = 'x'.repeat(72);
  const hash = await hashPassword(password, 4);
  t.true(await bcrypt.compare(`${password}more`, hash), 'the attack works on the library');
  t.true(await check(hash, password));
  t.false(await check(hash, `${password}more`));
  t.false(await check(await bcrypt.hash('ü'.repeat(36), 4), `${'ü'.repeat(36)}!`), '72 is counted in bytes');
});

test("of a password of an application's table, bcrypt uses the first 72 bytes, as the application does", async (t) => {
  const checkAdopted = passwordChecker(bcryptDecoy(4), ADOPTED);
  const hash = await bcrypt.hash('x'.repeat(100), 4);
  for (const length of [72, 73, 100, 255, 256, 10_000])
    t.true(await checkAdopted(hash, 'x'.repeat(length)), `${length}`);
  t.false(await checkAdopted(hash, 'x'.repeat(71)));
  t.false(await checkAdopted(hash, `${'x'.repeat(71)}y${'x'.repeat(28)}`));
  t.true(await checkAdopted(await bcrypt.hash(`x${'ü'.repeat(36)}`, 4), `x${'ü'.repeat(36)}`), 'cut within a letter');
  t.false(await checkAdopted(await bcrypt.hash('', 4), 'x'.repeat(100)));
  for (const nul of ['\0', 'secret\0', `${'x'.repeat(72)}\0`]) t.false(await checkAdopted(hash, nul));
});

test('a password of 255 bytes that shares one byte with the right one is wrong, although $2a$ would take it', async (t) => {
  const hash = await bcrypt.hash(`a${'y'.repeat(254)}`, await bcrypt.genSalt(4, 'a'));
  t.true(await bcrypt.compare(`a${'z'.repeat(254)}`, hash), 'the attack works on the library');
  t.false(await check(hash, `a${'z'.repeat(254)}`));
  t.false(await check(hash, `a${'y'.repeat(254)}`));
  t.false(await passwordChecker(bcryptDecoy(4), ADOPTED)(hash, `a${'z'.repeat(254)}`));
});

test('a password with a NUL is wrong, also where the hash was made of just that', async (t) => {
  t.false(await check(await bcrypt.hash('secret', 4), 'secret\0more'));
  t.false(await check(await bcrypt.hash('secret\0more', 4), 'secret\0more'));
});

test('a password with NULs behind it is wrong, although HMAC fills its key up with just those', async (t) => {
  const derive = (password: string) => pbkdf2Sync(password, 'salt', 1000, 32, 'sha256').toString('hex');
  t.is(derive('secret\0'), derive('secret'), 'the attack works on PBKDF2');
  const hash = `pbkdf2:sha256:1000$salt$${derive('secret')}`;
  t.true(await check(hash, 'secret'));
  t.false(await check(hash, 'secret\0'));
});

test('a password that can be none is wrong also where the hash is that of the empty one', async (t) => {
  const pbkdf2Hex = pbkdf2Sync('', 'salt', 1000, 32, 'sha256').toString('hex');
  for (const hash of [await bcrypt.hash('', 4), `pbkdf2:sha256:1000$salt$${pbkdf2Hex}`]) {
    t.true(await check(hash, ''));
    t.false(await check(hash, '\0'), hash);
    t.false(await check(hash, '\ud800'), hash);
  }
});

test('a password that is not Unicode is wrong, although its bytes would be those of U+FFFD', async (t) => {
  const hash = await hashPassword('\ufffd', 4);
  t.true(await check(hash, '\ufffd'));
  t.false(await check(hash, '\ud800'));
});

test('a decoy that cannot be verified is refused at once', (t) => {
  for (const decoy of ['', 'secret', `$2b$31$${'a'.repeat(53)}`]) {
    t.throws(() => passwordChecker(decoy, OWN_TABLE), { instanceOf: TypeError, message: /decoy/ });
  }
});

/** Of no known password; each costs some ten milliseconds. */
const DECOYS = {
  bcrypt: bcryptDecoy(8),
  'Django PBKDF2': `pbkdf2_sha256$60000$salt$${'A'.repeat(43)}=`,
  'Werkzeug scrypt': `scrypt:4096:8:1$salt$${'0'.repeat(128)}`,
  Argon2: `$argon2id$v=19$m=4096,t=2,p=1$c2FsdHNhbHQ$${'A'.repeat(43)}`,
};

for (const [format, decoy] of Object.entries(DECOYS)) {
  test.serial(`where a table has ${format} and there is nothing to compare, refusing takes no less long`, async (t) => {
    const checkLikeTable = passwordChecker(decoy, { ...OWN_TABLE, weakHashes: 'allowed' });
    const pretended: [string | null, string][] = [
      [null, 'secret'],
      ['damaged', 'secret'],
      [`$2b$31$${'a'.repeat(53)}`, 'secret'],
      [`pbkdf2:sha256:1000000000$salt$${'0'.repeat(64)}`, 'secret'],
      [`scrypt:1073741824:8:1$salt$${'0'.repeat(128)}`, 'secret'],
      [decoy, 'x'.repeat(73)],
      [decoy, 'secret\0'],
      [bcryptDecoy(4), 'wrong'],
      [`pbkdf2:sha256:1$salt$${'0'.repeat(64)}`, 'secret'],
      [`{SSHA}${Buffer.alloc(24).toString('base64')}`, 'secret'],
    ];
    const measured: { readonly real: number; readonly taken: number; readonly stored: string | null }[] = [];
    for (const [stored, password] of pretended) {
      const real = await duration(() => checkLikeTable(decoy, 'wrong'));
      measured.push({ real, taken: await duration(() => checkLikeTable(stored, password)), stored });
    }
    // What is not computed takes a sixteenth or less. The fastest of all is what it takes when nothing else runs.
    const real = Math.min(...measured.map((one) => one.real));
    for (const { taken, stored } of measured) t.true(taken > real / 4, `${taken} ms beside ${real} ms for ${stored}`);
  });
}

test.serial(
  'a wrong password of a cheaper hash is held back also when it is the first that was ever checked',
  async (t) => {
    // The fastest of some is what it takes when nothing else runs.
    const reals: number[] = [];
    for (let i = 0; i < 5; i++)
      reals.push(await duration(() => passwordChecker(DECOYS.bcrypt, OWN_TABLE)(DECOYS.bcrypt, 'wrong')));
    const real = Math.min(...reals);
    const first = await duration(() => passwordChecker(DECOYS.bcrypt, OWN_TABLE)(bcryptDecoy(4), 'wrong'));
    t.true(first > real / 4, `${first} ms beside ${real} ms`);
  },
);

test.serial('the right password of a cheaper hash is not held back', async (t) => {
  const checkAtCost = passwordChecker(bcryptDecoy(11), OWN_TABLE);
  const cheap = await hashPassword('secret', 4);
  const unknown = await duration(() => checkAtCost(null, 'secret'));
  const right = await duration(() => checkAtCost(cheap, 'secret'));
  t.true(right < unknown / 2, `${right} ms beside ${unknown} ms`);
});

test('a new password that HTTP Basic or bcrypt cannot carry is refused with the reason', async (t) => {
  const cases: [string, RegExp][] = [
    ['', /empty/],
    ['a\0b', /control character/],
    ['a\tb', /control character/],
    ['a\u0085b', /control character/],
    ['\ud800', /Unicode/],
    ['x'.repeat(73), /73 bytes/],
    ['ü'.repeat(37), /74 bytes/],
  ];
  for (const [password, message] of cases) {
    t.throws(() => validateNewPassword(password), { name: 'OperatorError', message });
    await t.throwsAsync(hashPassword(password, 4), { name: 'OperatorError', message });
  }
  for (const password of ['x', ':', ' ', 'ü'.repeat(36), 'x'.repeat(72), '🔑 key']) {
    t.notThrows(() => validateNewPassword(password));
  }
});

/** Milliseconds, the fastest of three: other processes only ever make it slower. */
async function duration(work: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let round = 0; round < 3; round++) {
    const start = performance.now();
    await work();
    taken.push(performance.now() - start);
  }
  return Math.min(...taken);
}
