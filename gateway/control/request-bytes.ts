import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, GatewayError, payloadTooLarge } from '../domain/errors.ts';
import { clientClosed } from '../forward/failure.ts';

/** Bytes, more than any request to the gateway itself needs. */
const LIMIT = 16 * 1024;
/** Milliseconds for the whole body, which is small. */
const DEADLINE = 10_000;

/**
 * Reads the whole body of a request to the gateway itself, and first sends `100 Continue` where the client waits for it.
 *
 * @throws GatewayError 400 when it is not valid UTF-8, 408 when it does not arrive, 413 over 16 KiB, 499 when the client left
 */
export async function readText(req: IncomingMessage, res: ServerResponse): Promise<string> {
  if (req.headers.expect !== undefined && req.httpVersion !== '1.0') res.writeContinue();
  const bytes = await readBytes(req);
  try {
    // Refuses other bytes instead of replacing them.
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
      if (size > LIMIT) end(payloadTooLarge(LIMIT));
      else chunks.push(chunk);
    };
    const onEnd = () => end(null);
    const onClose = () => end(clientClosed());
    // A request without a body has ended already. It counts as destroyed too, although the client is still there.
    if (req.readableEnded) {
      resolve(Buffer.alloc(0));
      return;
    }
    if (req.destroyed) {
      reject(clientClosed());
      return;
    }
    const timer = setTimeout(() => end(new GatewayError('request_timeout', 'the body did not arrive')), DEADLINE);
    req.on('data', onData).once('end', onEnd).once('close', onClose);
  });
}
