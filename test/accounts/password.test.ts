import test from 'ava';
import bcrypt from 'bcrypt';
import { bcryptDecoy } from '../../gateway/accounts/hashes/bcrypt.ts';
import { hashPassword, passwordChecker, validateNewPassword } from '../../gateway/accounts/password.ts';

const check = passwordChecker(bcryptDecoy(4));

test('a password belongs to its own hash and to no other', async (t) => {
  const hash = await hashPassword('pässwörd:with colon', 4);
  t.true(await check(hash, 'pässwörd:with colon'));
  t.false(await check(hash, 'pässwörd:with colo'));
  t.false(await check(hash, 'Pässwörd:with colon'));
  t.false(await check(hash, ''));
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
    `{bcrypt}${good}`,
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

test('a password of 255 bytes that shares one byte with the right one is wrong, although $2a$ would take it', async (t) => {
  const hash = await bcrypt.hash(`a${'y'.repeat(254)}`, await bcrypt.genSalt(4, 'a'));
  t.true(await bcrypt.compare(`a${'z'.repeat(254)}`, hash), 'the attack works on the library');
  t.false(await check(hash, `a${'z'.repeat(254)}`));
  t.false(await check(hash, `a${'y'.repeat(254)}`));
});

test('a password with a NUL is wrong, also where the hash was made of just that', async (t) => {
  t.false(await check(await bcrypt.hash('secret', 4), 'secret\0more'));
  t.false(await check(await bcrypt.hash('secret\0more', 4), 'secret\0more'));
});

test('where there is nothing to compare, refusing takes no less long than comparing', async (t) => {
  const cost = 8;
  const checkAtCost = passwordChecker(bcryptDecoy(cost));
  const hash = await hashPassword('secret', cost);
  const real = await duration(() => checkAtCost(hash, 'wrong'));
  const pretended: [string | null, string][] = [
    [null, 'secret'],
    ['damaged', 'secret'],
    [hash.replace('$08$', '$31$'), 'secret'],
    [hash, 'x'.repeat(73)],
    [hash, 'secret\0'],
  ];
  for (const [stored, password] of pretended) {
    const taken = await duration(() => checkAtCost(stored, password));
    t.true(taken > real / 2, `${taken} ms beside ${real} ms`);
  }
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
