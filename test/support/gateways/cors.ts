import type { ExecutionContext } from 'ava';
import { ADA, BOB, basic, type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';
import { httpUpstream, type TestUpstream } from '../../lab/upstreams/upstream.ts';
import { rawExchange, statusOf } from '../http/raw.ts';
import { parts, requestText } from './forwarding.ts';

export const APP = 'https://app.example.com';
export const AS_ADA = `Authorization: ${basic(ADA)}`;
export const AS_BOB = `Authorization: ${basic(BOB)}`;
export const WRONG = `Authorization: ${basic({ ...ADA, password: 'wrong' })}`;

export interface CorsAnswer {
  readonly status: number;
  /** The lines of `Access-Control-*` and `Vary`, in alphabetical order. */
  readonly cors: readonly string[];
}

/** Sends one request with `Origin: <APP>`, unless the fields contain another one. */
export async function ask(gateway: TestGateway, line: string, ...fields: string[]): Promise<CorsAnswer> {
  const answer = await rawExchange(gateway.port, pageText(line, ...fields));
  return { status: statusOf(answer), cors: corsOf(answer) };
}

export function preflight(
  gateway: TestGateway,
  path: string,
  method: string,
  ...fields: string[]
): Promise<CorsAnswer> {
  return ask(gateway, `OPTIONS ${path}`, `Access-Control-Request-Method: ${method}`, ...fields);
}

/** The text of a request as `ask` sends it, with `X-Request-Id: r1`. */
export function pageText(line: string, ...fields: string[]): string {
  const origin = fields.some((field) => field.startsWith('Origin:')) ? [] : [`Origin: ${APP}`];
  return requestText(line, [...origin, ...fields, 'X-Request-Id: r1', 'Connection: close']);
}

export function corsOf(answer: string): string[] {
  return parts(answer)
    .lines.filter((line) => /^(access-control-|vary:)/i.test(line))
    .sort();
}

/** The lines of a head without its date. */
export function undated(answer: string): string[] {
  return parts(answer).lines.filter((line) => !line.startsWith('Date: '));
}

export const ALLOWED = [`Access-Control-Allow-Origin: ${APP}`, 'Vary: Origin'];
export const NOT_ALLOWED = ['Vary: Origin'];
/** As the upstream of `corsPlace` sends them. */
export const UPSTREAM_CORS = [
  'Access-Control-Allow-Credentials: true',
  'Access-Control-Allow-Origin: *',
  'Access-Control-Expose-Headers: X-Inner',
  'Vary: Accept-Encoding',
  'access-control-allow-origin: https://evil.example',
];

/** The CORS fields of the gateway on a response of the upstream of `corsPlace`. */
export function forwarded(cors: readonly string[]): string[] {
  return [...cors.slice(0, -1), 'Vary: Accept-Encoding, Origin'];
}

/** The response to a preflight of `APP` that allows any fields, for 10 minutes. */
export function preflightAllowed(method: string, headers: string | null = null): CorsAnswer {
  return {
    status: 204,
    cors: [
      ...(headers === null ? [] : [`Access-Control-Allow-Headers: ${headers}`]),
      `Access-Control-Allow-Methods: ${method}`,
      `Access-Control-Allow-Origin: ${APP}`,
      'Access-Control-Max-Age: 600',
      'Vary: Origin',
    ],
  };
}

/** An upstream with its own CORS fields, and a gateway with all kinds of routes to it. */
export async function corsPlace(t: ExecutionContext): Promise<{ gateway: TestGateway; upstream: TestUpstream }> {
  const upstream = await httpUpstream(t, (req, res) => {
    req.resume();
    res.sendDate = false;
    res.writeHead(req.url?.endsWith('/none') ? 404 : 200, [
      ...['Content-Length', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'Vary', 'Accept-Encoding'],
      ...['Access-Control-Allow-Origin', '*', 'access-control-allow-origin', 'https://evil.example'],
      ...['Access-Control-Allow-Credentials', 'true', 'Access-Control-Expose-Headers', 'X-Inner'],
    ]);
    res.end('ok');
  });
  const to = { upstream: upstream.url };
  const cors = { origins: [APP, 'http://localhost:3000'] };
  const gateway = await testGateway(t, {
    routes: [
      { name: 'orders', path: '/api/v1/orders', methods: ['GET', 'POST'], cors, ...to },
      { name: 'all', path: '/api/v1/all', cors: { ...cors, maxAge: '1ms' }, ...to },
      { name: 'read', path: '/api/v1/split', methods: ['GET'], cors, ...to },
      { name: 'write', path: '/api/v1/split', methods: ['PUT'], ...to },
      { name: 'down', path: '/api/v1/down', upstream: 'http://127.0.0.1:1', cors },
      { name: 'plain', path: '/api/v1/plain', ...to },
      { name: 'shop', path: '/shop', methods: ['GET'], auth: 'none', cors: { origins: '*' }, ...to },
      { name: 'site', path: '/', auth: 'none', cors: { origins: '*' }, ...to },
    ],
  });
  return { gateway, upstream };
}
