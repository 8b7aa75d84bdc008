import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, zstdDecompress } from 'node:zlib';
import { GatewayError } from '../errors.ts';
import { type AnswerHead, draftOf, type WholeAnswer } from './answer-draft.ts';
import type { FieldsByName } from './fields.ts';

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

type Decoder = (body: Buffer, limit: { readonly maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);

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
  const draft = draftOf(whole);
  const coding = String(draft.getHeader('content-encoding') ?? 'identity').toLowerCase();
  draft.removeHeader('content-encoding');
  draft.removeHeader('content-length');
  // What the length would be after the module is not known.
  if (request.method === 'HEAD' || isBodiless(whole.status)) return draft.withBody(Buffer.alloc(0));

  const body = await decoded(whole.body, coding);
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

/** Undoes a content coding. What has more than `MOST_HELD` bytes then is an error, in however few it came. */
async function decoded(body: Buffer, coding: string): Promise<Buffer> {
  if (coding === 'identity' || body.length === 0) return body;
  const decoder = DECODERS.get(coding);
  if (decoder === undefined) throw new GatewayError('bad_gateway', `a body in ${coding} cannot be intercepted`);
  try {
    return await decoder(body, { maxOutputLength: MOST_HELD });
  } catch (error) {
    throw new GatewayError('bad_gateway', `a body that cannot be decompressed by ${coding}`, { cause: error });
  }
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
