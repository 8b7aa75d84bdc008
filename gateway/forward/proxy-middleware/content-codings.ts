import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw, zstdDecompress } from 'node:zlib';
import { GatewayError } from '../../domain/errors.ts';

type Decoder = (body: Buffer, limit: { readonly maxOutputLength: number }) => Promise<Buffer>;

const inflated = promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(inflate);
const rawInflated = promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(inflateRaw);
const gunzipped = promisify<Buffer, { readonly maxOutputLength: number }, Buffer>(gunzip);

/** By the names of RFC 9110 section 8.4.1, where `x-gzip` is `gzip`, and of RFC 7932 and RFC 8878. */
const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['gzip', gunzipped],
  ['x-gzip', gunzipped],
  // Some servers omit the zlib format that the coding requires, and browsers accept both.
  ['deflate', (body, limit) => (isZlib(body) ? inflated : rawInflated)(body, limit)],
  ['br', promisify(brotliDecompress)],
  ['zstd', promisify(zstdDecompress)],
]);

/** Most codings of one body: more than one is useless, and each costs a pass over the whole body. */
const MOST_CODINGS = 4;

/**
 * Undoes the content codings of a body, in reverse order.
 *
 * @param contentEncoding the lines of the field, each a list of codings in the order of their application
 * @param mostBytes of the body after each decoding (decompression bomb)
 * @throws GatewayError 502 for an unknown coding, or a body that cannot be decoded
 */
export async function withoutCodings(
  body: Buffer,
  contentEncoding: readonly string[],
  mostBytes: number,
): Promise<Buffer> {
  const codings = contentEncoding.flatMap(elementsOf).filter((coding) => coding !== 'identity');
  if (body.length === 0) return body;
  if (codings.length > MOST_CODINGS) throw bad(`a body in ${codings.length} codings cannot be intercepted`);
  let plain = body;
  for (const coding of codings.reverse()) {
    const decode = DECODERS.get(coding);
    if (decode === undefined) throw bad(`a body in ${coding} cannot be intercepted`);
    plain = await decode(plain, { maxOutputLength: mostBytes }).catch((error: unknown) => {
      throw bad(`a body that cannot be decompressed by ${coding}`, error);
    });
  }
  return plain;
}

/**
 * Removes the codings that the gateway cannot undo from what a client accepts.
 *
 * @param acceptEncoding the value of the field (RFC 9110 section 12.5.3)
 */
export function decodableAmong(acceptEncoding: string): string {
  const kept = acceptEncoding.split(',').filter((element) => {
    const [coding = ''] = element.split(';', 1);
    const name = coding.trim().toLowerCase();
    return name === 'identity' || DECODERS.has(name);
  });
  return kept.length === 0 ? 'identity' : kept.map((element) => element.trim()).join(', ');
}

function elementsOf(list: string): string[] {
  return list
    .split(',')
    .map((element) => element.trim().toLowerCase())
    .filter((element) => element !== '');
}

/** Checks for the header of RFC 1950 section 2.2: method 8, and a checksum over the two bytes. */
function isZlib(body: Buffer): boolean {
  return body.length >= 2 && ((body[0] as number) & 0x0f) === 8 && body.readUInt16BE(0) % 31 === 0;
}

function bad(detail: string, cause?: unknown): GatewayError {
  return new GatewayError('bad_gateway', detail, { cause });
}
