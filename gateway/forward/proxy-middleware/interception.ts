import type { FieldsByName } from '../headers/fields.ts';
import { type AnswerHead, draftOf, type WholeAnswer } from './answer-draft.ts';
import { withoutCodings } from './content-codings.ts';

/** The request as the upstream got it. */
export interface InterceptedRequest {
  readonly method: string;
  readonly url: string;
  /** `x-user-id` is who sends it. */
  readonly headers: FieldsByName;
}

/** The head of the answer as the upstream sent it. */
export interface UpstreamHead {
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly headers: FieldsByName;
}

/**
 * What a module that a route names as `proxy.intercept` exports as default: it is given each answer that has a body,
 * decompressed, may change its head, and returns the body for the client. The parameters are those of
 * http-proxy-middleware's `responseInterceptor`.
 */
export type Intercept = (
  body: Buffer,
  upstream: UpstreamHead,
  request: InterceptedRequest,
  answer: AnswerHead,
) => Buffer | string | Promise<Buffer | string>;

/** Bytes that an answer may have to be intercepted, as it comes and decompressed: it is held in memory. */
export const MOST_HELD = 16 * 1024 * 1024;

/** What says something of the bytes of a body, and would be false of another one; RFC 9530, and what it replaces. */
const OF_THE_BYTES = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'accept-ranges'] as const;

/**
 * Has a module change an answer.
 *
 * Not by http-proxy-middleware's `responseInterceptor`: it mangles the `Domain` of cookies, skips the route's rewriting,
 * holds any number of bytes, tells the client what zlib says of a broken body, and leaves the client without an answer
 * when the module throws.
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
  // A part of something, which nobody has asked for (see `interceptableHead`): there is no whole that could be changed.
  if (whole.status === 206) return whole;
  const draft = draftOf(whole);
  const codings = [draft.getHeader('content-encoding') ?? []].flat();
  draft.removeHeader('content-encoding');
  draft.removeHeader('content-length');
  for (const name of OF_THE_BYTES) draft.removeHeader(name);
  // What the length would be after the module is not known.
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

/** @throws what it throws, or an error when the time is up */
async function inTime<Result>(run: () => Result | Promise<Result>, limit: number): Promise<Result> {
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => overdue.reject(new Error(`not done after ${limit} ms`)), limit);
  try {
    return await Promise.race([run(), overdue.promise]);
  } finally {
    clearTimeout(timer);
  }
}
