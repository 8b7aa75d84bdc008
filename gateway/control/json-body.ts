import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, GatewayError } from '../errors.ts';
import { clientClosed } from '../forward/failure.ts';

/** Bytes: more than any request to the gateway's own endpoints can need. */
const LIMIT = 16 * 1024;
/** Milliseconds for the whole body: it is small, and somebody waits for it with an account already proven. */
const DEADLINE = 10_000;

/**
 * Reads the JSON object that a request to the gateway itself may carry; no body at all is an empty object.
 *
 * The content type is not asked for: the body is only read for who has shown credentials in a header, which no
 * cross-site form can send.
 *
 * @throws GatewayError 400 when it is no JSON object, 408 when it does not arrive, 413 over 16 KiB
 */
export async function readJsonObject(req: IncomingMessage, res: ServerResponse): Promise<Record<string, unknown>> {
  if (req.headers.expect !== undefined && req.httpVersion !== '1.0') res.writeContinue();
  const text = utf8(await readBytes(req));
  if (text.trim() === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest('The request body is not valid JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest('The request body must be a JSON object');
  }
  return value as Record<string, unknown>;
}

/** RFC 8259 section 8.1: JSON is UTF-8; other bytes are refused, not replaced. */
function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRequest('The request body is not valid UTF-8');
  }
}

function readBytes(req: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const end = (error: GatewayError | null) => {
      clearTimeout(timer);
      req.off('data', onData).off('end', onEnd).off('close', onClose);
      if (error === null) resolve(Buffer.concat(chunks));
      else reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size > LIMIT) end(new GatewayError('payload_too_large', `more than ${LIMIT} bytes`));
      else chunks.push(chunk);
    };
    const onEnd = () => end(null);
    const onClose = () => end(clientClosed());
    if (req.destroyed) {
      reject(clientClosed());
      return;
    }
    const timer = setTimeout(() => end(new GatewayError('request_timeout', 'the body did not arrive')), DEADLINE);
    req.on('data', onData).once('end', onEnd).once('close', onClose);
  });
}
