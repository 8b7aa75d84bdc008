import test from 'ava';
import { bcryptDecoy } from '../../../../gateway/identify/passwords/hashes/bcrypt.ts';
import { decoyOf, needsRehash, recognise } from '../../../../gateway/identify/passwords/hashes/recognise.ts';
import { FIXTURES, OWN_TABLE, oneOfEachFormat, verifiable } from './fixtures.ts';

test('a decoy has format, parameters and length of the hash it stands for, and another salt and digest', (t) => {
  for (const { hash } of FIXTURES) {
    const decoy = decoyOf(hash, OWN_TABLE) ?? '';
    const stored = recognise(decoy, OWN_TABLE);
    t.like(
      stored,
      { verifiable: true, format: verifiable(hash).format, parameters: verifiable(hash).parameters },
      decoy,
    );
    t.is(decoy.length, hash.length);
    t.not(decoy, hash);
    t.not(decoyOf(hash, OWN_TABLE), decoy, 'each is drawn anew');
    t.notThrows(() => verifiable(decoyOf(decoy, OWN_TABLE) ?? ''), 'a decoy is a hash like any');
  }
});

test('a decoy shares no run of salt or digest with the hash it stands for', (t) => {
  for (const { hash } of oneOfEachFormat()) {
    const decoy = decoyOf(hash, OWN_TABLE) ?? '';
    const secrets = hash.split('$').filter((field) => field.length >= 16 && !/[:={]/.test(field));
    // Some begin with the parameters.
    for (const secret of secrets) t.false(decoy.includes(secret.slice(-16)), `${decoy} for ${hash}`);
  }
});

test('a decoy can be computed and belongs neither to the password of the hash nor to none', async (t) => {
  for (const { hash, password } of oneOfEachFormat()) {
    const decoy = verifiable(decoyOf(hash, OWN_TABLE) ?? '');
    t.false(await decoy.verify(password), hash);
    t.false(await decoy.verify(''), hash);
  }
});

test('what cannot be verified has no decoy', (t) => {
  for (const hash of ['', 'secret', `$2b$31$${'a'.repeat(53)}`]) t.is(decoyOf(hash, OWN_TABLE), null, hash);
});

test('the decoy of the own table is a bcrypt hash of the configured cost', async (t) => {
  for (const cost of [4, 10, 16]) {
    t.like(recognise(bcryptDecoy(cost), OWN_TABLE), { verifiable: true, format: 'bcrypt', parameters: `cost ${cost}` });
  }
  t.false(await verifiable(bcryptDecoy(4)).verify(''));
});

test('everything but bcrypt of the configured cost or more is replaced', (t) => {
  for (const { format, hash } of FIXTURES) {
    if (format !== 'bcrypt') t.true(needsRehash(hash, 4, OWN_TABLE), hash);
  }
  for (const name of ['$2a$', '$2b$', '$2y$']) {
    const hash = (cost: number) => `${name}${String(cost).padStart(2, '0')}$${'a'.repeat(53)}`;
    t.true(needsRehash(hash(9), 10, OWN_TABLE), name);
    t.false(needsRehash(hash(10), 10, OWN_TABLE), name);
    t.false(needsRehash(hash(12), 10, OWN_TABLE), name);
  }
  t.false(needsRehash('secret', 10, OWN_TABLE), 'nobody has proven a password for what is unknown');
  t.false(needsRehash(`$2b$31$${'a'.repeat(53)}`, 10, OWN_TABLE), 'nor for what is refused');
});
