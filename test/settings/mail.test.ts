import test from 'ava';
import { isMailAddress, mailUrl, parseMailUrl, sender } from '../../gateway/settings/schema/mail.ts';

test('a mail server, with and without TLS and credentials, and its usual ports', (t) => {
  t.deepEqual(parseMailUrl('smtp://mail.example.com'), {
    kind: 'smtp',
    tls: false,
    host: 'mail.example.com',
    port: 587,
    credentials: null,
  });
  t.deepEqual(parseMailUrl('smtps://gate%40house:p%40ss%3A@[::1]/'), {
    kind: 'smtp',
    tls: true,
    host: '::1',
    port: 465,
    credentials: { user: 'gate@house', password: 'p@ss:' },
  });
  t.like(parseMailUrl('smtp://127.0.0.1:25'), { port: 25 });
});

test('a folder, and none at all', (t) => {
  t.deepEqual(parseMailUrl('folder:data/mail'), { kind: 'folder', folder: 'data/mail' });
  t.deepEqual(parseMailUrl('folder:/var/mail x'), { kind: 'folder', folder: '/var/mail x' });
  t.is(mailUrl().parse(''), null);
});

test('a URL that is wrong is refused with what would be right, and without the password', (t) => {
  const cases: [string, RegExp][] = [
    ['mail.example.com', /not a supported mail URL/],
    ['http://a:hunter2@h', /not a supported mail URL/],
    ['smtp:h', /not a supported mail URL/],
    ['smtp://', /names no host/],
    ['smtp://a:hunter2@h:0', /port 0/],
    ['smtp://a:hunter2@h:99999', /not a valid URL/],
    ['smtp://a:hunter2@h/path', /a path after the host/],
    ['smtp://a:hunter2@h?pool=true', /a "\?" or "#" part/],
    ['smtp://a:hunter2@h?tls.rejectUnauthorized=false', /a "\?" or "#" part/],
    ['smtp://a:hunter2@h#x', /a "\?" or "#" part/],
    ['smtp://a:hunter2%zz@h', /percent-encoding/],
    ['smtp://hunter2@h', /only one of user and password/],
    ['smtp://:hunter2@h', /only one of user and password/],
    ['folder:', /names no folder/],
    ['folder://data/mail', /has \/\/ after folder:/],
    ['folder:a\0b', /NUL/],
  ];
  for (const [url, message] of cases) {
    const problem = parseMailUrl(url);
    t.regex(String(problem), message, url);
    t.regex(String(problem), /must be/, url);
    t.notRegex(String(problem), /hunter2|ter2/, url);
    t.false(mailUrl().safeParse(url).success, url);
  }
});

test('a sender is an address, or a name with one', (t) => {
  for (const [text, expected] of [
    ['a@example.com', { name: '', address: 'a@example.com' }],
    ['<a@example.com>', { name: '', address: 'a@example.com' }],
    ['Gate House <a@example.com>', { name: 'Gate House', address: 'a@example.com' }],
    ['"House, Gate" <a@example.com>', { name: 'House, Gate', address: 'a@example.com' }],
  ] as const) {
    t.deepEqual(sender().parse(text), expected);
  }
  for (const text of [
    '',
    'Gatehouse',
    'a@example.com, b@example.com',
    'a@example.com\r\nBcc: b@example.com',
    'Gate\r\nBcc: b@example.com <a@example.com>',
    '<a@example.com> <b@example.com>',
    'Gate <a@example.com> x',
    '"Gate" House" <a@example.com>',
  ]) {
    t.false(sender().safeParse(text).success, text);
  }
});

test('an address that mail can be sent to is one mailbox, whatever program reads it', (t) => {
  for (const good of [
    'a@x',
    'ada@example.com',
    'ADA@Example.COM',
    "o'neil.x_y+tag@mail.example.co.uk",
    'ümit@bücher.de',
    'ada@BÜCHER.de',
    'ada@xn--bcher-kva.de',
    'ada@u\u0308x.de',
    'ada@straße.de',
    `${'a'.repeat(64)}@x`,
  ]) {
    t.true(isMailAddress(good), good);
  }
  for (const bad of [
    '',
    'ada',
    '@x',
    'ada@',
    'a@b@c',
    'a b@x',
    'a@x ',
    'a@x\n',
    'a@x\r\nRCPT TO:<b@x>',
    'a,b@x',
    'a;b@x',
    'a<b@x',
    '"a"@x',
    '(c)a@x',
    '.a@x',
    'a.@x',
    'a..b@x',
    '-oQ@x',
    'b%y@x',
    'y!b@x',
    'a@x.',
    'a@.x',
    'a@-x',
    'a@x_y',
    'a@xn--a',
    'a@b.xn--999999999.de',
    'a@x:25',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@0x7f.1',
    'a@x/y',
    'a@x#y',
    'a@ex%61mple.com',
    // All of these would be looked up as another domain than they seem to be.
    'ada@ｅxample.com',
    'ada@exam\u00adple.com',
    'ada@example。com',
    'ada@ⓔxample.com',
    `${'a'.repeat(65)}@x`,
    `a@${`${'x'.repeat(60)}.`.repeat(5)}x`,
  ]) {
    t.false(isMailAddress(bad), JSON.stringify(bad));
  }
});
