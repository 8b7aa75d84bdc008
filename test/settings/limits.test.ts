import test from 'ava';
import { problemsOf, settingsOf } from './problems.ts';

const route = (more: string) => `routes:\n  - { name: a, path: /api/v1/a, upstream: http://x, ${more} }\n`;
const ONE = 'limits: { burst: { requests: 50, per: 1s, by: token } }\n';
const found = (text: string) => problemsOf(text).map(({ at, message }) => `${at.split(' ')[1]} ${message}`);

test('a limit is a number of requests in whole seconds, by one of three', (t) => {
  const text = `limits: { burst: { requests: "50", per: 1500ms, by: user }, day: { requests: -1, per: 32d, by: account }, x: {} }\n${route('limits: [burst, day, x]')}`;
  t.deepEqual(found(text), [
    'limits.burst.per is not whole seconds; must be such as 1s, 5m or 1d',
    'limits.burst.by must be one of account, token, address; found "user"',
    'limits.day.requests must be a number of requests, a whole number from 0 to 1000000000; found -1',
    'limits.day.per is out of range; must be from 1s to 31d',
    'limits.x.by is missing; must be one of account, token, address',
    'limits.x.per is missing; must be a duration, a whole number with its unit: 250ms, 30s, 5m, 1h or 30d',
    'limits.x.requests is missing; must be a number of requests, a whole number from 0 to 1000000000',
  ]);
  t.deepEqual(settingsOf(t, `${ONE}${route('limits: burst')}`).limits, {
    burst: { requests: 50, per: 1_000, by: 'token' },
  });
});

test('a route names limits that exist, each once, and the nearest name is suggested', (t) => {
  t.deepEqual(found(`${ONE}${route('limits: [burst, brust, daily, burst]')}`), [
    'routes[0].limits[1] names no limit in limits: "brust"; did you mean "burst"?',
    'routes[0].limits[2] names no limit in limits: "daily"; the limits are burst',
    'routes[0].limits[3] is burst again; must be named once',
  ]);
  t.deepEqual(found(route('limits: [burst]')), [
    'routes[0].limits[0] names no limit in limits: "burst"; there is none',
  ]);
});

test('a limit without effect is a problem: one that no route names, and one of nobody', (t) => {
  t.deepEqual(found(`${ONE}${route('methods: GET')}`), [
    'limits.burst has no effect: no route names it in its limits; must be named by one, or be left out',
  ]);
  const open = route('limits: [burst, day, all]').replace('/api/v1/a', '/a').replace('limits', 'auth: none, limits');
  const limits =
    'limits: { burst: { requests: 1, per: 1s, by: token }, day: { requests: 1, per: 1d, by: account }, all: { requests: 1, per: 1s, by: address } }\n';
  t.deepEqual(found(`${limits}${open}`), [
    'routes[0].limits[0] is burst, which counts by token, but with auth: none nobody says who they are; must be a limit by address',
    'routes[0].limits[1] is day, which counts by account, but with auth: none nobody says who they are; must be a limit by address',
  ]);
});

test('the fields of limits are not set by hand beside them, and a name can be sent', (t) => {
  const text = `${ONE}${route('limits: burst, headers: { response: { set: { ratelimit: x }, remove: [RateLimit-Policy] } }')}`;
  t.deepEqual(found(text), [
    "routes[0].headers.response.set.ratelimit is written by this route's limits; one of the two must be left out",
    "routes[0].headers.response.remove[0] is written by this route's limits; one of the two must be left out",
  ]);
  const named = (name: string) =>
    found(`limits: { ${name}: { requests: 1, per: 1s, by: token } }\n${route(`limits: [${name}]`)}`);
  t.deepEqual(named(`'a "b" \\'`), []);
  t.regex(named('"größe"')[0] ?? '', /must be a name of 1 to 64 printable ASCII characters/);
});
