import test from 'ava';
import { createMessages, type Messages } from '../../../gateway/owners/mail/messages.ts';

const LINK = 'https://example.com/account/reset?link=a&b="c"<d>';
const PAGES = {
  loginPage: 'https://example.com/account/login',
  forgottenPage: 'https://example.com/account/forgotten',
};

function all(messages: Messages, lifetime = 3_600_000) {
  const linked = { link: LINK, lifetime };
  return {
    linked: [
      messages.confirm(linked),
      messages.finishRegistration(linked),
      messages.reset(linked),
      messages.confirmNewEmail(linked),
    ],
    others: [messages.alreadyRegistered(PAGES), messages.emailChanged(), messages.passwordChanged(PAGES)],
  };
}

test('every mail names the product, and says the same as text and as HTML', (t) => {
  const { linked, others } = all(createMessages({ name: 'Ørsted <Shop> & "Co"' }));
  for (const { subject, text, html } of [...linked, ...others]) {
    t.regex(subject, /Ørsted <Shop> & "Co"/);
    t.regex(text, /Ørsted <Shop> & "Co"/);
    t.regex(html, /Ørsted &lt;Shop> &amp; &quot;Co&quot;/);
    t.notRegex(html, /<Shop>/);
    const words = html
      .replaceAll(/<[^>]*>/g, ' ')
      .replaceAll('&lt;', '<')
      .replaceAll('&quot;', '"')
      .replaceAll('&amp;', '&')
      .replaceAll(/\s+/g, ' ');
    for (const paragraph of text.split('\n\n'))
      t.true(words.includes(paragraph.replace('-- \n', '').trim()), paragraph);
  }
});

test('a link stands on a line of its own, and as a link that nothing can break out of', (t) => {
  for (const { text, html } of all(createMessages({ name: 'Shop' })).linked) {
    t.true(text.split('\n').includes(LINK));
    t.true(html.includes('href="https://example.com/account/reset?link=a&amp;b=&quot;c&quot;&lt;d>"'));
    t.notRegex(html, /<d>/);
  }
});

test('every mail with a link says for how long it is good', (t) => {
  const messages = createMessages({ name: 'Shop' });
  for (const [lifetime, words] of [
    [3_600_000, 'for 1 hour.'],
    [86_400_000, 'for 24 hours.'],
    [60_000, 'for 1 minute.'],
    [5_400_000, 'for 90 minutes.'],
  ] as const) {
    for (const { text } of all(messages, lifetime).linked) t.true(text.includes(words), text);
  }
});

test('a mail loads nothing from anywhere, and no subject can hold a line end', (t) => {
  const { linked, others } = all(createMessages({ name: 'Shop' }));
  for (const { subject, html } of [...linked, ...others]) {
    t.notRegex(html, /<(?:img|script|link|style|iframe)|url\(/i);
    t.notRegex(subject, /[\r\n]/);
  }
});
