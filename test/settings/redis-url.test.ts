import test from 'ava';
import { parseRedisUrl } from '../../gateway/settings/schema/redis-url.ts';

const PLAIN = { tls: false, username: '', password: '', database: 0 };

test('one server, with TLS, credentials and a database where they are given', (t) => {
  const single = { form: { kind: 'single' } } as const;
  t.deepEqual(parseRedisUrl('redis://cache'), { ...PLAIN, ...single, nodes: [{ host: 'cache', port: 6379 }] });
  t.deepEqual(parseRedisUrl('rediss://ada:p%40ss@[::1]:7000/3'), {
    ...single,
    nodes: [{ host: '::1', port: 7000 }],
    tls: true,
    username: 'ada',
    password: 'p@ss',
    database: 3,
  });
  t.deepEqual(parseRedisUrl('redis://:pw@cache:80'), {
    ...PLAIN,
    ...single,
    password: 'pw',
    nodes: [{ host: 'cache', port: 80 }],
  });
});

test('Sentinels and the name that they know the servers by', (t) => {
  t.deepEqual(parseRedisUrl('redis+sentinel://a,b:26380/mymaster/2'), {
    ...PLAIN,
    form: { kind: 'sentinel', name: 'mymaster' },
    nodes: [
      { host: 'a', port: 26379 },
      { host: 'b', port: 26380 },
    ],
    database: 2,
  });
});

test('the first nodes of a Cluster', (t) => {
  t.deepEqual(parseRedisUrl('rediss+cluster://a,b:7001'), {
    ...PLAIN,
    form: { kind: 'cluster' },
    nodes: [
      { host: 'a', port: 6379 },
      { host: 'b', port: 7001 },
    ],
    tls: true,
  });
});

test('a URL that is wrong is refused with what would be right, and without the password', (t) => {
  const cases: [string, RegExp][] = [
    ['http://:hunter2@h', /is not a Redis URL/],
    ['redis:', /is not a Redis URL/],
    ['redis://', /has an invalid host/],
    ['redis://:hunter2@a,b', /several servers/],
    ['redis://:hunter2@a/db', /number of a database/],
    ['redis://:hunter2@a/0/1', /number of a database/],
    ['redis://:hunter2@a:99999', /has an invalid host/],
    ['redis+sentinel://:hunter2@a', /name of the primary/],
    ['redis+cluster://:hunter2@a/1', /has only 0/],
    ['redis://:hunter2%zz@a', /percent-encoding/],
  ];
  for (const [url, message] of cases) {
    const problem = parseRedisUrl(url);
    t.regex(String(problem), message, url);
    t.regex(String(problem), /or empty for none/, url);
    t.notRegex(String(problem), /hunter2/, url);
  }
});
