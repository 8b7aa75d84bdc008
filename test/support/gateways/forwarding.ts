import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';

/** Deadlines that no test reaches. */
export const PATIENT = { connect: '2m', firstByte: '2m', idle: '2m' };

/** The two HTTP transports. */
export type Transport = 'undici' | 'http-proxy-middleware';

/** The options of a route for this transport. */
export function routeOver(transport: Transport): { proxy?: object } {
  return transport === 'undici' ? {} : { proxy: {} };
}

/** Runs a test over both transports. */
export function overBoth(title: string, run: (t: ExecutionContext, transport: Transport) => Promise<void>): void {
  for (const transport of ['undici', 'http-proxy-middleware'] as const) {
    test(`${title} (${transport})`, (t) => run(t, transport));
  }
}

/** A gateway with one unauthenticated route, `/s`, to the given upstream, and by default deadlines that no test reaches. */
export function forwardingGateway(
  t: ExecutionContext,
  upstream: { readonly url: string },
  timeouts: Partial<typeof PATIENT> = {},
  transport: Transport = 'undici',
): Promise<TestGateway> {
  return testGateway(t, {
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', ...routeOver(transport) }],
    timeouts: { ...PATIENT, ...timeouts },
  });
}

/** The text of a request: request line, `Host`, the fields, and the raw body. */
export function requestText(line: string, fields: readonly string[] = [], body = ''): string {
  return `${[`${line} HTTP/1.1`, 'Host: gateway.test', ...fields].join('\r\n')}\r\n\r\n${body}`;
}

/** The lines of the head of a raw response, and its body as on the wire. */
export function parts(answer: string): { lines: string[]; body: string } {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) throw new Error(`not a whole head: ${JSON.stringify(answer)}`);
  return { lines: answer.slice(0, end).split('\r\n'), body: answer.slice(end + 4) };
}

/** The values of a field in a raw response, one for each line. */
export function valuesOf(answer: string, name: string): string[] {
  const start = `${name.toLowerCase()}:`;
  return parts(answer)
    .lines.filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim());
}
