import test from 'ava';
import { hashRules } from '../../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { decoyOf, needsRehash, recognise } from '../../../../gateway/identify/passwords/hashes/recognise.ts';
import { ADOPTED, FIXTURES, FIXTURES_BY_SETTINGS, OWN_TABLE, verifiable } from './fixtures.ts';

const WEAK = hashRules({ allowWeakHashes: true });
const LONG = 'eighty bytes, which is more than bcrypt looks at, as its manual says: eighty byt';

test('hashes that need settings are there for each format', (t) => {
  t.deepEqual([...new Set(FIXTURES_BY_SETTINGS.map(({ format }) => format))].sort(), [
    'Firebase scrypt',
    'LDAP {SSHA256}',
    'LDAP {SSHA384}',
    'LDAP {SSHA512}',
    'LDAP {SSHA}',
    'bcrypt with pepper',
  ]);
});

test('with the settings of its application, the password of a hash is right, and another one is wrong', async (t) => {
  for (const { format, command, password, hash, rules } of FIXTURES_BY_SETTINGS) {
    const stored = verifiable(hash, rules);
    t.is(stored.format, format);
    t.true(await stored.verify(password), `${hash} by ${command}`);
    for (const other of ['', password.slice(1), `x${password}`]) t.false(await stored.verify(other), hash);
  }
});

test('a decoy is verified by the same settings, and has the format, parameters and length of its hash', async (t) => {
  for (const { password, hash, rules } of FIXTURES_BY_SETTINGS) {
    const decoy = decoyOf(hash, rules) ?? '';
    const { format, parameters } = verifiable(hash, rules);
    t.like(recognise(decoy, rules), { verifiable: true, format, parameters });
    t.is(decoy.length, hash.length);
    t.not(decoy.slice(-16), hash.slice(-16));
    t.false(await verifiable(decoy, rules).verify(password));
  }
});

test('a password is wrong without the pepper of its application, and with another one', async (t) => {
  const peppered = FIXTURES_BY_SETTINGS.filter(({ format }) => format === 'bcrypt with pepper');
  for (const { password, hash } of peppered) {
    // bcrypt sees nothing of the pepper after 72 bytes of password.
    const isCut = Buffer.byteLength(password) >= 72;
    for (const rules of [ADOPTED, hashRules({ table: 'users', allowWeakHashes: false, pepper: 'another' })])
      t.is(await verifiable(hash, rules).verify(password), isCut, password);
  }
});

test("an application's table takes passwords of more than 72 bytes as the application does", async (t) => {
  const bcrypt = FIXTURES.filter(({ format, cheap }) => cheap && /^(Django )?bcrypt$/.test(format));
  const cut = bcrypt.filter(({ opens }) => !opens);
  t.true(
    ['PHP', 'Python', 'Django', 'Ruby', 'bcryptjs'].every((name) => cut.some(({ program }) => program.includes(name))),
  );
  for (const { password, hash, opens } of bcrypt) {
    t.true(await verifiable(hash, ADOPTED).verify(password), hash);
    t.is(await verifiable(hash, OWN_TABLE).verify(password), opens, hash);
    t.is(await verifiable(hash, ADOPTED).verify(`${password}!`), Buffer.byteLength(password) >= 72, hash);
  }
});

test('salted SHA is refused by name unless the settings allow it, and is weak then', (t) => {
  const salted = FIXTURES_BY_SETTINGS.filter(({ format }) => format.startsWith('LDAP {SSHA'));
  for (const { format, hash } of salted) {
    const refused = recognise(hash, OWN_TABLE);
    t.like(refused, { verifiable: false, format });
    if (refused?.verifiable === false) t.regex(refused.reason, /accounts\.allowWeakHashes: true/);
    t.is(decoyOf(hash, OWN_TABLE), null);
    t.false(needsRehash(hash, 4, OWN_TABLE));
    t.is(verifiable(hash, WEAK).caveat, 'weak');
    t.true(needsRehash(hash, 4, WEAK), "the gateway's own table gets bcrypt at the next login");
  }
  for (const { hash } of FIXTURES) t.is(verifiable(hash, WEAK).caveat, null, hash);
});

test('unsalted and plain values of LDAP are refused by name, also where weak hashes are allowed', (t) => {
  // Printed by slappasswd of OpenLDAP 2.5.13.
  const values = ['{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=', '{SMD5}Vj9Tg8B9/xuF7ORIcFPgWiVTY5w=', '{CRYPT}9GibMzk/2m7Q2'];
  for (const value of [...values, '{CLEARTEXT}secret']) {
    const stored = recognise(value, WEAK);
    t.like(stored, { verifiable: false, format: `LDAP ${value.slice(0, value.indexOf('}') + 1)}` });
    t.notRegex(JSON.stringify(stored), /secret|5en6|Vj9T|9Gib/);
  }
});

test('a salted SHA without salt, with an endless one, or in loose base64 is refused', (t) => {
  const digest = Buffer.alloc(20);
  const withSalt = (bytes: number) => `{SSHA}${Buffer.concat([digest, Buffer.alloc(bytes)]).toString('base64')}`;
  t.like(recognise(withSalt(128), WEAK), { verifiable: true });
  t.like(recognise(withSalt(0), WEAK), { verifiable: false, reason: 'bytes of salt: 0; allowed are 1 to 128' });
  t.like(recognise(withSalt(129), WEAK), { verifiable: false, reason: 'bytes of salt: 129; allowed are 1 to 128' });
  const good = withSalt(4);
  t.like(recognise(good.replace('{SSHA}', '{ssha}'), WEAK), { verifiable: true, format: 'LDAP {SSHA}' });
  for (const text of [
    `${good}=`,
    `${good}\n`,
    ` ${good}`,
    good.replace('{SSHA}', '{Ssha}'),
    good.slice(0, -1),
    good.replace('A', '_'),
    '{SSHA}',
    '{SSHA}AAAA',
  ])
    t.is(recognise(text, WEAK), null, text);
});

test("Firebase's hash without a key is refused until the settings have one of its length, and its cost has limits", (t) => {
  const hash = FIXTURES_BY_SETTINGS.find(({ format }) => format === 'Firebase scrypt')?.hash ?? '';
  t.like(recognise(hash, OWN_TABLE), {
    verifiable: false,
    reason: 'which needs the key of its project: set accounts.firebase',
  });
  const signerKey = Buffer.alloc(32).toString('base64');
  const shorter = hashRules({ allowWeakHashes: false, firebase: { signerKey, saltSeparator: 'Bw==' } });
  t.like(recognise(hash, shorter), { verifiable: false });
  const rules = FIXTURES_BY_SETTINGS.find(({ format }) => format === 'Firebase scrypt')?.rules ?? OWN_TABLE;
  for (const costly of [
    hash.replace('ln=4', 'ln=20'),
    hash.replace('ln=4', `ln=${'9'.repeat(300)}`),
    hash.replace('r=8', 'r=33'),
  ])
    t.like(recognise(costly, rules), { verifiable: false }, costly);
});

test('another key of Firebase makes every password wrong', async (t) => {
  const firebase = FIXTURES_BY_SETTINGS.filter(({ format }) => format === 'Firebase scrypt');
  const signerKey = Buffer.alloc(64, 7).toString('base64');
  for (const { password, hash } of firebase) {
    for (const saltSeparator of ['Bw==', 'AA==']) {
      const rules = hashRules({ allowWeakHashes: false, firebase: { signerKey, saltSeparator } });
      t.false(await verifiable(hash, rules).verify(password));
    }
  }
});

test('a password over the limit of bcrypt is refused for the own table, however long', async (t) => {
  const own = FIXTURES.filter(({ password, format }) => password === LONG && format === 'bcrypt');
  t.true(own.length >= 3);
  for (const { hash } of own) t.false(await verifiable(hash, OWN_TABLE).verify(LONG.slice(0, 73)));
});
