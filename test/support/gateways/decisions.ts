import { rawExchange } from '../http/raw.ts';
import { parts } from './forwarding.ts';

/** The client of the proxy, as every test of a door says it unless it is about that. */
export const FOR = 'X-Forwarded-For: 203.0.113.7';

/** The answer to a proxy, as it stood on the wire. */
export interface Told {
  readonly status: number;
  /** The fields in their order, with their names as they are written. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** All values of a field. @param name in any case */
  of(name: string): string[];
  readonly body: string;
}

/** What a proxy is told when it sends exactly these lines, the request line first. */
export async function told(gateway: { readonly decisionsUrl: string }, lines: readonly string[]): Promise<Told> {
  const port = Number(new URL(gateway.decisionsUrl).port);
  const text = `${[...lines, 'Host: gatehouse', 'Connection: close'].join('\r\n')}\r\n\r\n`;
  return readTold(await rawExchange(port, text));
}

/** @param answer the whole text of one answer */
export function readTold(answer: string): Told {
  const { lines, body } = parts(answer);
  const [line = '', ...rest] = lines;
  const fields = rest.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon), field.slice(colon + 1).trim()] as const;
  });
  return {
    status: Number(line.split(' ')[1]),
    fields,
    of: (name) => fields.flatMap(([other, value]) => (other.toLowerCase() === name.toLowerCase() ? [value] : [])),
    body,
  };
}

/** A way in which a proxy asks by the path of its client's request. */
export type Asks = (method: string, target: string) => string[];

/** The lines of a subrequest at each door, for the same original request. */
export const BY_PATH: Readonly<Record<'auth-request' | 'forward-auth' | 'ext-authz', Asks>> = {
  'auth-request': (method, target) => [
    'GET /auth-request HTTP/1.1',
    `X-Original-Method: ${method}`,
    `X-Original-URI: ${target}`,
    FOR,
  ],
  'forward-auth': (method, target) => [
    'GET /forward-auth HTTP/1.1',
    `X-Forwarded-Method: ${method}`,
    `X-Forwarded-Uri: ${target}`,
    FOR,
  ],
  'ext-authz': (method, target) => [`${method} /ext-authz${target} HTTP/1.1`, FOR],
};

/** The status that the client is to get. */
export function statusMeant({ status, of }: Told): number {
  return Number(of('X-Gatehouse-Status')[0] ?? status);
}
