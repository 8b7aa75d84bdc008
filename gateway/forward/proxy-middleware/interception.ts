import { draftOf, type WholeAnswer } from './answer-draft.ts';
import { withoutCodings } from './content-codings.ts';
import type { Intercept, InterceptedRequest, UpstreamHead } from './intercept.ts';

/** Most bytes of an intercepted answer, both as received and decompressed: it is held in memory. */
export const MOST_HELD = 16 * 1024 * 1024;

/** Fields that describe the bytes of a body and would be wrong for another one: RFC 9530, and what it replaces. */
const OF_THE_BYTES = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'accept-ranges'] as const;

/**
 * Has a module change an answer.
 *
 * Does not use http-proxy-middleware's `responseInterceptor`, which mangles the `Domain` of cookies, skips the route's
 * rewriting, holds any number of bytes, shows zlib's errors to the client, and sends no answer when the module throws.
 *
 * @param limit milliseconds that the module may take
 * @throws GatewayError 502 for a body that cannot be decompressed; what the module throws
 */
export async function intercepted(
  intercept: Intercept,
  whole: WholeAnswer,
  upstream: UpstreamHead,
  request: InterceptedRequest,
  limit: number,
): Promise<WholeAnswer> {
  // A part, although the request asked for the whole (see `interceptableHead`): modules get complete bodies only.
  if (whole.status === 206) return whole;
  const draft = draftOf(whole);
  const codings = [draft.getHeader('content-encoding') ?? []].flat();
  draft.removeHeader('content-encoding');
  draft.removeHeader('content-length');
  for (const name of OF_THE_BYTES) draft.removeHeader(name);
  // The length after the module is unknown.
  if (request.method === 'HEAD' || isBodiless(whole.status)) return draft.withBody(Buffer.alloc(0));

  const body = await withoutCodings(whole.body, codings, MOST_HELD);
  const changed = await inTime(() => intercept(body, upstream, request, draft), limit);
  if (typeof changed !== 'string' && !Buffer.isBuffer(changed)) throw new TypeError('it returned no Buffer or string');
  if (isBodiless(draft.statusCode)) return draft.withBody(Buffer.alloc(0));
  const bytes = Buffer.from(changed);
  draft.setHeader('Content-Length', bytes.length);
  return draft.withBody(bytes);
}

/** RFC 9110 section 6.4.1. */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/** @param limit milliseconds. @throws what `run` throws, or an Error at the limit */
async function inTime<Result>(run: () => Result | Promise<Result>, limit: number): Promise<Result> {
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => overdue.reject(new Error(`not done after ${limit} ms`)), limit);
  try {
    return await Promise.race([run(), overdue.promise]);
  } finally {
    clearTimeout(timer);
  }
}
