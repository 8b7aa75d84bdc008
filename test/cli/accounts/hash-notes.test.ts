import test from 'ava';
import { pino } from 'pino';
import { formCounts } from '../../../gateway/cli/accounts/hash-forms.ts';
import { hashNotes } from '../../../gateway/cli/accounts/hash-notes.ts';
import { warnOfWeakHashes } from '../../../gateway/cli/warn-of-weak-hashes.ts';
import type { HashRules } from '../../../gateway/identify/passwords/hashes/hash-rules.ts';
import { recognise } from '../../../gateway/identify/passwords/hashes/recognise.ts';
import { ADOPTED, FIXTURES, FIXTURES_BY_SETTINGS, OWN_TABLE } from '../../identify/passwords/hashes/fixtures.ts';
import { ROUTES, settingsOf } from '../../settings/problems.ts';

const ALL = [...FIXTURES, ...FIXTURES_BY_SETTINGS];

function notesOf(formats: readonly string[], rules: HashRules): string[] {
  const forms = formCounts();
  for (const { hash } of ALL.filter(({ format }) => formats.includes(format))) {
    const stored = recognise(hash, rules);
    if (stored?.verifiable) forms.add(stored, hash);
  }
  return hashNotes(forms.forms(), rules);
}

test("of an application's bcrypt, check says that 72 bytes count; of the own one and of other formats, nothing", (t) => {
  const [cut, ...others] = notesOf(['bcrypt', 'Django bcrypt', 'Django bcrypt_sha256', 'argon2id'], ADOPTED);
  t.regex(cut ?? '', /^(bcrypt, Django bcrypt|Django bcrypt, bcrypt): of a password of more than 72 bytes/);
  t.deepEqual(others, []);
  t.deepEqual(notesOf(['bcrypt', 'Django bcrypt'], OWN_TABLE), []);
  t.deepEqual(notesOf(['argon2id', 'Django bcrypt_sha256'], ADOPTED), []);
});

test('of weak hashes, check says what to do', (t) => {
  const [weak, ...others] = notesOf(['LDAP {SSHA}', 'argon2id'], { ...OWN_TABLE, weakHashes: 'allowed' });
  t.regex(weak ?? '', /^LDAP \{SSHA\}: weak: .*allowWeakHashes$/);
  t.deepEqual(others, []);
});

test('of a pepper and of the key of Firebase, check says that it cannot test them, or that nothing uses them', (t) => {
  const pepper = 'a short pepper';
  t.regex(notesOf(['bcrypt'], { ...ADOPTED, pepper }).at(-1) ?? '', /^accounts\.pepper: only a login shows/);
  t.deepEqual(notesOf(['argon2id'], { ...ADOPTED, pepper }), ['accounts.pepper: no hash of the table uses it']);
  const rules = FIXTURES_BY_SETTINGS.find(({ format }) => format === 'Firebase scrypt')?.rules ?? OWN_TABLE;
  t.regex(notesOf(['Firebase scrypt'], rules).join(), /^accounts\.firebase: only a login shows/);
  for (const note of [...notesOf(['bcrypt'], { ...ADOPTED, pepper }), ...notesOf(['Firebase scrypt'], rules)])
    t.false(note.includes(pepper) || note.includes('jxspr8'));
});

test('the start warns where weak hashes are accepted, and says what replaces them', (t) => {
  const lines = (accounts: string) => {
    const log: { level: number; msg: string }[] = [];
    const logger = pino({ base: null }, { write: (line: string) => void log.push(JSON.parse(line)) });
    warnOfWeakHashes(settingsOf(t, `accounts: { ${accounts} }\n${ROUTES}`).accounts, logger);
    return log;
  };
  t.deepEqual(lines(''), []);
  t.like(lines('allowWeakHashes: true')[0], { level: 40, option: 'accounts.allowWeakHashes' });
  t.regex(lines('allowWeakHashes: true')[0]?.msg ?? '', /replaced at the next login/);
  t.regex(
    lines('allowWeakHashes: true, table: users, confirmedWhen: "1 = 1"')[0]?.msg ?? '',
    /the application should store other hashes in users/,
  );
});
