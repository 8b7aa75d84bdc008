import test from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { holds } from '../lab/waiting/condition.ts';
import { rawClient, rawExchange } from '../support/http/raw.ts';
import { message } from './message.ts';
import { place, withLine } from './place.ts';

test('behind whole requests, with whatever body, a malformed line is refused in its turn and nothing of it is executed', async (t) => {
  const { gateway, upstream } = await place(t);
  const before: string[] = [
    message(['GET /open HTTP/1.1', 'Host: a']),
    message(['POST /open HTTP/1.1', 'Host: a', 'Content-Length: 5'], 'hello'),
    message(['POST /open HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    // Blank lines in a body, and what looks like a good request line.
    message(
      ['POST /open HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'],
      '1e\r\n\r\n\r\nGET /open HTTP/1.1\r\n\r\n\r\n\r\n\r\n0\r\nX: y\r\n\r\n',
    ),
    message(['POST /open HTTP/1.1', 'Host: a', 'Content-Length: 26'], '\r\n\r\nGET /open HTTP/1.1\r\n\r\n'),
    message(['\r\nHEAD /open HTTP/1.1', 'Host: a']),
  ];
  for (const first of before) {
    for (const pieces of [1, 7]) {
      const seen = upstream.seen.length;
      const client = await rawClient(gateway.port);
      const text = `${first}${withLine('GET  /open/never HTTP/1.1')}`;
      const size = Math.ceil(text.length / pieces);
      for (let at = 0; at < text.length; at += size) {
        client.send(text.slice(at, at + size));
        await new Promise((resolve) => setImmediate(resolve));
      }
      const answer = await client.ended();
      const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
      t.deepEqual(statuses, ['200', '400'], JSON.stringify(first));
      t.is(upstream.seen.length, seen + 1);
    }
  }
  t.false(upstream.seen.some(({ url }) => url === '/open/never'));
});

test('good lines behind bodies of every framing are taken, in one packet or byte by byte', async (t) => {
  // One that answered early would end the connection.
  const upstream = await httpUpstream(t, (req, res) => req.resume().on('end', () => res.end('done')));
  const gateway = await testGateway(t, {
    routes: [{ name: 'o', path: '/open', upstream: upstream.url, auth: 'none' }],
  });
  const text =
    message(['POST /open/1 HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], '4\r\n\r\n\r\n\r\n0\r\n\r\n') +
    message(['\r\nPUT /open/2 HTTP/1.1', 'Host: a', 'Content-Length: 4'], '\r\n\r\n') +
    message(['POST /open/3 HTTP/1.1', 'Host: a', 'Content-Length: 0']) +
    message(['GET /open/4 HTTP/1.1', 'Host: a', 'Connection: close']);
  for (const pieces of [[text], [...text]]) {
    const client = await rawClient(gateway.port);
    client.socket.setNoDelay(true);
    for (const piece of pieces) {
      client.send(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const answer = await client.ended();
    t.is(answer.match(/HTTP\/1\.1 200/g)?.length, 4);
    t.deepEqual(
      upstream.seen.splice(0).map(({ method, url }) => `${method} ${url}`),
      ['POST /open/1', 'PUT /open/2', 'POST /open/3', 'GET /open/4'],
    );
  }
});

test('a line that comes together with the request before it is judged as it is by itself', async (t) => {
  const { gateway } = await place(t);
  const body = message(['POST /open/body HTTP/1.1', 'Host: a', 'Content-Length: 6'], '\r\n\r\nab');
  const chunks = message(
    ['POST /open/chunks HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'],
    '2\r\nab\r\n0\r\n\r\n',
  );
  const alone = message(['GET /open/alone HTTP/1.1', 'Host: a']);
  for (const before of [body, chunks, alone, body + chunks + alone]) {
    for (const [line, status] of [
      ['FOO /open/next HTTP/1.1', 501],
      ['GET /open/next HTTP/3.0', 505],
      ['GET  /open/next HTTP/1.1', 400],
    ] as const) {
      const answers = await rawExchange(gateway.port, before + withLine(line));
      t.regex(answers, new RegExp(`^HTTP/1\\.1 200 [^]*HTTP/1\\.1 ${status} `), `${before}${line}`);
      await gateway.logged((logged) => logged.status === status && logged.path === '/open/next');
      gateway.log.length = 0;
    }
  }
});

test('what has no request line of its own is in the log and the metrics, with the address that it came from', async (t) => {
  const { gateway } = await place(t);
  await rawExchange(gateway.port, withLine('GET  /open/x?secret HTTP/1.1'));
  await rawExchange(gateway.port, '\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n');
  await rawExchange(gateway.port, withLine('FOO /open/y HTTP/1.1'));
  const line = await gateway.logged(({ path }) => path === '/open/x');
  t.like(line, {
    msg: 'request',
    method: 'GET',
    status: 400,
    client: '127.0.0.1',
    fault: 'client',
    error: 'bad_request',
  });
  t.like(await gateway.logged(({ status }) => status === 501), {
    method: 'FOO',
    path: '/open/y',
    error: 'not_implemented',
  });
  t.is(gateway.log.filter(({ status }) => status === 400).length, 2);
  t.notRegex(JSON.stringify(gateway.log), /secret/);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  const count = (method: string, status: string) =>
    new RegExp(
      `gatehouse_request_duration_seconds_count\\{method="${method}",route="none",status="${status}"\\} (\\d+)|gatehouse_request_duration_seconds_count\\{route="none",method="${method}",status="${status}"\\} (\\d+)`,
    )
      .exec(metrics)
      ?.slice(1)
      .find(Boolean);
  t.is(count('GET', '4xx'), '1');
  t.is(count('other', '4xx'), '1');
  t.is(count('other', '5xx'), '1');
});

test('requests that were sent ahead and never had their turn are in the log, each once', async (t) => {
  const upstream = await httpUpstream(t, () => {});
  const gateway = await testGateway(t, { routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }] });
  const client = await rawClient(gateway.port);
  client.send([1, 2, 3].map((n) => message([`GET /s/${n} HTTP/1.1`, 'Host: a', `X-Request-Id: r${n}`])).join(''));
  await holds('the first is under way', () => upstream.seen.length === 1);
  client.socket.destroy();
  for (const n of [1, 2, 3]) {
    t.like(await gateway.logged(({ path }) => path === `/s/${n}`), {
      id: `r${n}`,
      status: 499,
      error: 'client_closed',
    });
  }
  t.is(gateway.log.filter(({ msg }) => msg === 'request').length, 3);
  const metrics = await (await fetch(`${gateway.opsUrl}/metrics`)).text();
  t.regex(metrics, /gatehouse_requests_in_flight 0\n/);
});

test('what is malformed in the body of a request that waits for its turn does not answer the one before it', async (t) => {
  let release = (): void => {};
  const upstream = await httpUpstream(t, (req, res) => {
    if (req.url === '/s/slow') release = () => res.end('slow');
    else res.end('other');
  });
  const gateway = await testGateway(t, { routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }] });
  const client = await rawClient(gateway.port);
  client.send(
    message(['GET /s/slow HTTP/1.1', 'Host: a']) +
      message(['POST /s/bad HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'], 'zz\r\n'),
  );
  await holds('the first is under way', () => upstream.seen.length === 1);
  t.is(client.received(), '');
  release();
  const answer = await client.ended();
  t.deepEqual(
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '400'],
  );
  t.like(await gateway.logged(({ path }) => path === '/s/bad'), { status: 400 });
  t.is(upstream.seen.length, 1);
});
