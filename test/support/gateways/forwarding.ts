import test, { type ExecutionContext } from 'ava';
import { type TestGateway, testGateway } from '../../lab/gateways/gateway.ts';

/** Long enough never to be what ends a test. */
export const PATIENT = { connect: '2m', firstByte: '2m', idle: '2m' };

/**
 * The ways to an upstream: `direct` for plain requests; undici for those that Node's HTTP server reads from the first byte;
 * http-proxy-middleware for those of connections that were handed over to it.
 */
export type Transport = 'direct' | 'undici' | 'http-proxy-middleware';

/** What a route needs for its requests to go that way. */
export function routeOver(transport: Transport): { proxy?: object } {
  return transport === 'http-proxy-middleware' ? { proxy: {} } : {};
}

/** What the listener needs for that. */
export function listenOver(transport: Transport): { fastPath: boolean } {
  return { fastPath: transport !== 'undici' };
}

/** A test that is run over every transport; where they differ, it says so. */
export function overAll(title: string, run: Run): void {
  test(`${title} (direct)`, (t) => run(t, 'direct'));
  overOthers(title, run);
}

/** The same for requests that are not plain: with `direct`, undici would forward them too. */
export function overOthers(title: string, run: Run): void {
  for (const transport of ['undici', 'http-proxy-middleware'] as const) {
    test(`${title} (${transport})`, (t) => run(t, transport));
  }
}

type Run = (t: ExecutionContext, transport: Transport) => Promise<void>;

/** A gateway with one open route, `/s`, to the given upstream, and deadlines that end no test unless it says so. */
export function forwardingGateway(
  t: ExecutionContext,
  upstream: { readonly url: string },
  timeouts: Partial<typeof PATIENT> = {},
  transport: Transport = 'direct',
): Promise<TestGateway> {
  return testGateway(t, {
    listen: listenOver(transport),
    routes: [{ name: 's', path: '/s', upstream: upstream.url, auth: 'none', ...routeOver(transport) }],
    timeouts: { ...PATIENT, ...timeouts },
  });
}

/** The text of a request: request line, `Host`, the fields, and the body as it is. */
export function requestText(line: string, fields: readonly string[] = [], body = ''): string {
  return `${[`${line} HTTP/1.1`, 'Host: gateway.test', ...fields].join('\r\n')}\r\n\r\n${body}`;
}

/** The head of a raw answer, line by line, and its body as it stood on the wire. */
export function parts(answer: string): { lines: string[]; body: string } {
  const end = answer.indexOf('\r\n\r\n');
  if (end === -1) throw new Error(`not a whole head: ${JSON.stringify(answer)}`);
  return { lines: answer.slice(0, end).split('\r\n'), body: answer.slice(end + 4) };
}

/** The values of a field in a raw answer, one for each line of it. */
export function valuesOf(answer: string, name: string): string[] {
  const start = `${name.toLowerCase()}:`;
  return parts(answer)
    .lines.filter((line) => line.toLowerCase().startsWith(start))
    .map((line) => line.slice(start.length).trim());
}
