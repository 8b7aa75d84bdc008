import { networkInterfaces } from 'node:os';
import test from 'ava';
import { problemsOf } from './problems.ts';

function problems(listen: string, upstream: string): string[] {
  const text = `listen: ${listen}\nroutes: [{ name: a, path: /, auth: none, upstream: "${upstream}" }]\n`;
  return problemsOf(text).map(({ at }) => at.split(' ')[1] ?? '');
}

const OWN = Object.values(networkInterfaces())
  .flatMap((of) => of ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;

for (const [listen, upstream] of [
  ['{ port: 8080 }', 'http://127.0.0.1:8080'],
  ['{ port: 8080 }', 'http://localhost:8080/base'],
  ['{ port: 8080 }', 'http://LOCALHOST.:8080'],
  ['{ port: 8080 }', 'https://127.0.0.1:8080'],
  ['{ port: 8080 }', 'http://0.0.0.0:8080'],
  ['{ port: 8080 }', 'http://0x7f.1:8080'],
  ['{ port: 8080 }', 'http://[::ffff:127.0.0.1]:8080'],
  ['{ port: 80 }', 'http://127.0.0.1'],
  ['{ host: localhost, port: 8080 }', 'http://127.0.0.1:8080'],
  ['{ host: localhost, port: 8080 }', 'http://[::1]:8080'],
  ['{ host: 0.0.0.0, port: 8080 }', 'http://127.0.0.7:8080'],
  ['{ host: "::", port: 8080 }', 'http://[::1]:8080'],
  ['{ host: "::", port: 8080 }', 'http://localhost:8080'],
  ['{ host: "::1", port: 8080 }', 'http://[0:0:0:0:0:0:0:1]:8080'],
  ['{ host: gateway.example.com, port: 8080 }', 'http://Gateway.example.com:8080'],
  ...(OWN === undefined ? [] : ([['{ host: 0.0.0.0, port: 8080 }', `http://${OWN}:8080`]] as const)),
] as const) {
  test(`with listen ${listen}, a route to ${upstream} leads back to the gateway, and is refused`, (t) => {
    t.deepEqual(problems(listen, upstream), ['routes[0].upstream']);
  });
}

for (const [listen, upstream] of [
  ['{ port: 8080 }', 'http://127.0.0.1:8090'],
  ['{ port: 8080 }', 'http://127.0.0.2:8080'],
  ['{ port: 8080 }', 'http://[::1]:8080'],
  ['{ port: 8080 }', 'http://10.255.255.1:8080'],
  ['{ port: 8080 }', 'http://orders:8080'],
  ['{ port: 8080 }', 'unix:/run/8080.sock'],
  ['{ host: 0.0.0.0, port: 8080 }', 'http://orders:8080'],
  ['{ host: 0.0.0.0, port: 8080 }', 'http://203.0.113.9:8080'],
  ['{ port: 0 }', 'http://127.0.0.1:8080'],
] as const) {
  test(`with listen ${listen}, a route to ${upstream} leads elsewhere`, (t) => {
    t.deepEqual(problems(listen, upstream), []);
  });
}

test('a server of a group that is the gateway itself is named with its place', (t) => {
  const text = `listen: { port: 8080 }
upstreams: { g: { servers: ["http://127.0.0.1:9000", { url: "http://localhost:8080" }] } }
routes: [{ name: a, path: /, auth: none, upstream: g }]
`;
  t.deepEqual(
    problemsOf(text).map(({ at, message }) => [at.split(' ')[1], /the gateway itself/.test(message)]),
    [['upstreams.g.servers[1].url', true]],
  );
});
