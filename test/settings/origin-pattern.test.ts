import test from 'ava';
import { isOriginPattern, matchesOrigin } from '../../gateway/settings/schema/origin-pattern.ts';

test('an origin is one that browsers send, or one with a wildcard for subdomains', (t) => {
  for (const text of [
    'https://app.example.com',
    'http://localhost:3000',
    'https://*.example.com',
    'http://*.dev.example.com:8080',
  ]) {
    t.true(isOriginPattern(text), text);
  }
  for (const text of [
    ...[
      'https://*',
      'https://*.',
      'https://*.com',
      'https://*.localhost',
      'https://*.*.example.com',
      'https://a.*.example.com',
    ],
    ...[
      'https://*example.com',
      'https://*.example.com/',
      'https://*.example.com:443',
      'https://*.EXAMPLE.com',
      '*.example.com',
    ],
    ...[
      'https://*.10.0.0.1',
      'https://*.[::1]',
      'ftp://*.example.com',
      'https://user@*.example.com',
      'https://*.example.com*',
    ],
  ]) {
    t.false(isOriginPattern(text), text);
  }
});

test('a wildcard stands for one label or more, and for nothing else', (t) => {
  for (const origin of [
    'https://a.example.com',
    'https://a.b.example.com',
    'https://x-1.example.com',
    'https://_a.example.com',
  ]) {
    t.true(matchesOrigin('https://*.example.com', origin), origin);
  }
  for (const origin of [
    ...['https://example.com', 'http://a.example.com', 'https://a.example.com:8443', 'https://a.example.com.evil.org'],
    ...[
      'https://evilexample.com',
      'https://.example.com',
      'https://a..example.com',
      'https://evil.org/.example.com',
      'null',
      '',
    ],
    ...[
      'https://evil.org#.example.com',
      'https://evil.org:1.example.com',
      'https://A.example.com',
      'https://a.example.com, https://x',
    ],
  ]) {
    t.false(matchesOrigin('https://*.example.com', origin), origin);
  }
  t.true(matchesOrigin('http://*.example.com:8080', 'http://a.example.com:8080'));
  t.false(matchesOrigin('https://a.example.com', 'https://b.example.com'));
});
