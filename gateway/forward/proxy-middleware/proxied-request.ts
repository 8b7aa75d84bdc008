import type { ClientRequest } from 'node:http';
import { Readable } from 'node:stream';
import { type FieldsByName, fieldsByName } from '../headers/fields.ts';
import type { RequestHead } from '../outgoing.ts';

/** What http-proxy-middleware reads of the client's request: its body, and the head as it is to leave. */
export interface ProxiedRequest extends Readable {
  readonly method: string;
  readonly url: string;
  /** What leaves is written by `writeFields`; `host` is for the library's `autoRewrite`. */
  readonly headers: FieldsByName;
  readonly httpVersion: string;
  readonly httpVersionMajor: number;
  /** The library asks whether the client can still be answered, and calls resets by another name when not. */
  readonly socket: { readonly writable: true };
}

/**
 * The request in place of the client's own, which the library would destroy with its connection, and whose fields are
 * not those that the upstream is to read.
 *
 * @param body null: there is none
 */
export function proxiedRequest(method: string, head: RequestHead, body: Readable | null): ProxiedRequest {
  const headers = fieldsByName(head.headers);
  // For DELETE and OPTIONS without a length, the library would say that there is no body.
  if (body !== null && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked';
  return Object.assign(body ?? new Readable({ read: readNothing }), {
    ...{ method, url: head.target, headers },
    ...{ httpVersion: '1.1', httpVersionMajor: 1 },
    socket: { writable: true as const },
  });
}

function readNothing(this: Readable): void {
  this.push(null);
}

/**
 * Writes the fields of the head anew, just before it is sent: these and no others, whatever the library has added,
 * changed or left out.
 *
 * Node frames the body of a GET or DELETE only when told to. Without that, the body would be taken for the next request
 * of the connection.
 */
export function writeFields(proxyReq: ClientRequest, { headers }: RequestHead, hasBody: boolean): void {
  for (const name of proxyReq.getHeaderNames()) proxyReq.removeHeader(name);
  let length: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.length === 14 && name.toLowerCase() === 'content-length') length = headers[i + 1] as string;
    else proxyReq.appendHeader(name, headers[i + 1] as string);
  }
  // Behind it, Node would change the octets of a `Content-Disposition`.
  if (length !== undefined) proxyReq.setHeader('content-length', length);
  else if (hasBody) proxyReq.setHeader('transfer-encoding', 'chunked');
  proxyReq.setHeader('connection', 'keep-alive');
}
