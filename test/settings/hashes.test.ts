import test from 'ava';
import { problemsOf, ROUTES, settingsOf } from './problems.ts';

const SECRET = 'dont-print-this-secret';
const KEY = Buffer.alloc(64, 1).toString('base64');
const accounts = (text: string) => `accounts: { ${text} }\n${ROUTES}`;
const adopted = (text: string) => accounts(`table: users, confirmedWhen: "1 = 1", ${text}`);

test('the pepper, weak hashes and the keys of Firebase are read', (t) => {
  t.is(settingsOf(t, adopted('pepper: "salt and ü"')).accounts.pepper, 'salt and ü');
  t.is(settingsOf(t, adopted(`pepper: "\${P}"`), { P: SECRET }).accounts.pepper, SECRET);
  t.true(settingsOf(t, accounts('allowWeakHashes: true')).accounts.allowWeakHashes);
  const { firebase } = settingsOf(t, accounts(`firebase: { signerKey: "${KEY}" }`)).accounts;
  t.deepEqual(firebase, { signerKey: KEY, saltSeparator: 'Bw==' });
});

test('the keys of Firebase may be in the base64 of URLs, and without padding', (t) => {
  const signerKey = Buffer.alloc(64, 0xfb);
  const text = `signerKey: "${signerKey.toString('base64url')}", saltSeparator: ""`;
  const { firebase } = settingsOf(t, accounts(`firebase: { ${text} }`)).accounts;
  t.deepEqual(firebase, { signerKey: signerKey.toString('base64'), saltSeparator: '' });
});

const REFUSED: [string, string, RegExp][] = [
  [accounts(`pepper: ${SECRET}`), 'accounts.pepper', /accounts\.table/],
  [adopted('pepper: ""'), 'accounts.pepper', /is empty; must be the pepper/],
  [adopted(`pepper: "${SECRET}\\n"`), 'accounts.pepper', /control character/],
  [adopted(`pepper: " ${SECRET}"`), 'accounts.pepper', /a space at an end/],
  [adopted(`pepper: "${SECRET}\\0"`), 'accounts.pepper', /control character/],
  [adopted(`pepper: [${SECRET}]`), 'accounts.pepper', /must be the pepper/],
  [accounts('allowWeakHashes: perhaps'), 'accounts.allowWeakHashes', /true or false/],
  [accounts('firebase: { saltSeparator: Bw== }'), 'accounts.firebase.signerKey', /base64_signer_key/],
  [accounts(`firebase: { signerKey: "${SECRET}!" }`), 'accounts.firebase.signerKey', /is not base64/],
  [accounts(`firebase: { signerKey: ${SECRET} }`), 'accounts.firebase.signerKey', /is base64 of 16 bytes/],
  [accounts(`firebase: { signerKey: "${KEY}", saltSeparator: "?" }`), 'accounts.firebase.saltSeparator', /not base64/],
  [accounts(`firebase: { signerKey: "${KEY}", rounds: 8 }`), 'accounts.firebase.rounds', /./],
];

for (const [text, key, message] of REFUSED) {
  test(`refused at ${key}, without the secret: ${text.slice(0, 90)}`, (t) => {
    const problems = problemsOf(text);
    t.is(problems.length, 1, JSON.stringify(problems));
    t.is(problems[0]?.at.split(' ')[1], key);
    t.regex(problems[0]?.message ?? '', message);
    t.false(JSON.stringify(problems).includes(SECRET));
  });
}
