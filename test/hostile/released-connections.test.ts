import test from 'ava';
import { testGateway } from '../lab/gateways/gateway.ts';
import { httpUpstream } from '../lab/upstreams/upstream.ts';
import { rawClient } from '../support/http/raw.ts';

test('a connection with hundreds of requests of every framing stays in step', async (t) => {
  const upstream = await httpUpstream(t, async (req, res) => {
    let body = '';
    for await (const chunk of req) body += String(chunk);
    res.end(`<${req.url}|${body}>`);
  });
  const gateway = await testGateway(t, {
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none' }],
  });
  const client = await rawClient(gateway.port);
  for (let i = 0; i < 350; i++) {
    const head = `/s/${i} HTTP/1.1\r\nHost: a\r\n`;
    const requests = [
      `GET ${head}\r\n`,
      `POST ${head}Content-Length: 5\r\n\r\nhello`,
      `POST ${head}Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`,
    ];
    client.send(requests[i % 3] ?? '');
    await client.until(new RegExp(`</s/${i}\\|${i % 3 === 0 ? '' : 'hello'}>`));
  }
  // Two in one piece, and what is no request behind them.
  client.send('GET /s/a HTTP/1.1\r\nHost: a\r\n\r\nGET /s/b HTTP/1.1\r\nHost: a\r\n\r\nno request\r\n\r\n');
  const end = await client.ended();
  t.regex(end, /<\/s\/a\|>.*<\/s\/b\|>.*HTTP\/1\.1 400/s);
});
