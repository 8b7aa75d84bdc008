import type { ClientRequest } from 'node:http';
import { Readable } from 'node:stream';
import { type FieldsByName, fieldsByName, nameAt, valueAt } from '../../fields/raw-fields.ts';
import type { RequestHead } from '../outgoing.ts';

/** The request for http-proxy-middleware: the client's body, and the head for the upstream. */
export interface ProxiedRequest extends Readable {
  readonly method: string;
  readonly url: string;
  /** Not what is sent, which `writeFields` writes; `host` is for the library's `autoRewrite`. */
  readonly headers: FieldsByName;
  readonly httpVersion: string;
  readonly httpVersionMajor: number;
  /** The library checks it for whether the client is still there, and reports resets otherwise when not. */
  readonly socket: { readonly writable: true };
}

/**
 * Makes a request in place of the client's own, which the library would destroy together with the client's connection, and
 * whose fields are not those for the upstream.
 *
 * @param body null: none
 */
export function proxiedRequest(method: string, head: RequestHead, body: Readable | null): ProxiedRequest {
  const headers = fieldsByName(head.headers);
  // For DELETE and OPTIONS without a length, the library would declare an empty body.
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
 * Replaces all fields just before the head is sent, whatever the library has added, changed or left out.
 *
 * Node frames the body of a GET or DELETE only where a field says so. Unframed, the upstream would read the body as the next
 * request of the connection (request smuggling).
 */
export function writeFields(proxyReq: ClientRequest, { headers }: RequestHead, hasBody: boolean): void {
  for (const name of proxyReq.getHeaderNames()) proxyReq.removeHeader(name);
  let length: string | undefined;
  for (let at = 0; at < headers.length; at += 2) {
    const name = nameAt(headers, at);
    if (name.length === 14 && name.toLowerCase() === 'content-length') length = valueAt(headers, at);
    else proxyReq.appendHeader(name, valueAt(headers, at));
  }
  // Last: Node changes the octets of a `Content-Disposition` that follows it.
  if (length !== undefined) proxyReq.setHeader('content-length', length);
  else if (hasBody) proxyReq.setHeader('transfer-encoding', 'chunked');
  proxyReq.setHeader('connection', 'keep-alive');
}
