import { badRequest } from '../../domain/errors.ts';
import { isHostValue } from '../../fields/host.ts';
import { type RawFields, valuesOf } from '../../fields/raw-fields.ts';
import { requireKnownMethod } from '../../http/request-line.ts';
import { methodNotAllowed, USUAL_METHODS } from '../../routing/table.ts';
import type { Dialect } from './doors.ts';

/** The fields of each dialect. A field of another dialect is never read: the client may have sent it. */
const FIELDS = {
  'auth-request': { method: 'X-Original-Method', uri: 'X-Original-URI', url: 'X-Original-URL' },
  'forward-auth': { method: 'X-Forwarded-Method', uri: 'X-Forwarded-Uri', url: null },
} as const;

type WithFields = Exclude<Dialect, 'ext-authz'>;

const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
/** Octets that no target has: a request line with one of them is refused. */
const NO_TARGET = /[^\x21-\x7e]/;
/** The beginning of a second value, in the path: some programs join the lines of a field. */
const SECOND_VALUE = /,(?:\/|[a-z][a-z0-9+.-]*:\/\/)/i;
/** Its host is not empty (RFC 9110 section 4.2.1): `http:///a/b` is `/b` of the host `a` to browsers. */
const ABSOLUTE = /^https?:\/\/([^/?#]+)(\/.*)$/i;

/**
 * The method of the original request.
 *
 * @throws GatewayError 400 if the field is missing, doubled, empty or a list; 501 for an unknown method; 405 for CONNECT
 */
export function originalMethod(fields: RawFields, dialect: WithFields): string {
  const name = FIELDS[dialect].method;
  const method = only(fields, name) ?? missing(name);
  if (!TOKEN.test(method)) throw badRequest(`The ${name} header is not one method`);
  requireKnownMethod(method);
  // A gateway must never be an open proxy, whatever the route takes.
  if (method === 'CONNECT') throw methodNotAllowed(USUAL_METHODS, method);
  return method;
}

/** The same, where it only tells safe methods from others. @returns empty if the field does not name one method */
export function methodIfKnown(fields: RawFields, dialect: WithFields): string {
  const [method = '', ...others] = valuesOf(fields, FIELDS[dialect].method.toLowerCase());
  return others.length === 0 && TOKEN.test(method) ? method : '';
}

/**
 * The target of the original request, in origin form. It is still to be parsed.
 *
 * @throws GatewayError 400 if it is missing, doubled, empty, a list or of another form
 */
export function originalTarget(fields: RawFields, dialect: WithFields): string {
  const { uri, url } = FIELDS[dialect];
  const target = only(fields, uri);
  const absolute = url === null ? null : only(fields, url);
  const fromUrl = url === null || absolute === null ? null : pathOf(absolute, url);
  // ingress-nginx sends both. Which of two that differ is the client's own cannot be known.
  if (target !== null && fromUrl !== null && target !== fromUrl) {
    throw badRequest('The X-Original-URI and X-Original-URL headers name different targets');
  }
  const found = target ?? fromUrl ?? missing(url === null ? uri : `${uri} or ${url}`);
  if (!found.startsWith('/') || NO_TARGET.test(found))
    throw badRequest(`The ${uri} header is not the target of a request`);
  const [path = ''] = found.split('?', 1);
  if (SECOND_VALUE.test(path)) throw badRequest(`The ${uri} header is a list`);
  return found;
}

/**
 * Path and query of an absolute URL. The path must be there: in `http://$http_host$request_uri`, a client could otherwise
 * end the host with `?` or `#`, and choose the path that is judged.
 */
function pathOf(absolute: string, name: string): string {
  const [, authority = '', target] = ABSOLUTE.exec(absolute) ?? [];
  if (target === undefined || !isHostValue(authority)) throw badRequest(`The ${name} header is not an absolute URL`);
  return target;
}

/**
 * The host that the client named, for routes with `host`: of `X-Original-URL`, else `Host` of the subrequest, which nginx
 * sets; of `X-Forwarded-Host` where a proxy sends its own `Host`.
 *
 * @param host the subrequest's own `Host`
 * @throws GatewayError 400 if it is missing, doubled, empty, a list or malformed
 */
export function originalHost(fields: RawFields, dialect: WithFields, host: string | undefined): string | undefined {
  if (dialect === 'auth-request') {
    const [absolute] = valuesOf(fields, 'x-original-url');
    return absolute === undefined ? host : ABSOLUTE.exec(absolute)?.[1];
  }
  const name = 'X-Forwarded-Host';
  const named = only(fields, name) ?? missing(name);
  if (!isHostValue(named)) throw badRequest(`The ${name} header is not one host`);
  return named;
}

/** @returns null without the field. @throws GatewayError 400 if it is doubled or empty */
function only(fields: RawFields, name: string): string | null {
  const values = valuesOf(fields, name.toLowerCase());
  const [value = null, ...others] = values;
  if (others.length > 0) throw badRequest(`More than one ${name} header`);
  if (value === '') throw badRequest(`The ${name} header is empty`);
  return value;
}

function missing(name: string): never {
  throw badRequest(`The proxy must send ${name}`);
}
