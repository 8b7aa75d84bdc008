import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { badRequest, clientClosed, GatewayError, payloadTooLarge } from '../domain/errors.ts';

/** Bytes, more than any request to the gateway itself needs. */
const LIMIT = 16 * 1024;
/** Milliseconds for the whole body, which is small. */
const DEADLINE = 10_000;

/** The fields of a form by name, as they were typed. */
export type FormFields = ReadonlyMap<string, string>;

const FORM_TYPE = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

/** Nothing but the white space of JSON (RFC 8259 section 2). */
const BLANK = /^[ \t\r\n]*$/;

/**
 * Reads the JSON that a request to the gateway itself may carry; no body at all is an empty object.
 *
 * The content type is not asked for: the body is only read for who has shown credentials in a header, which no
 * cross-site form can send.
 *
 * @param schema its messages are for the client
 * @throws GatewayError 400 when it is no JSON (RFC 8259 section 8.1: in UTF-8) or does not fit the schema; as `readText`
 */
export async function readJson<T>(req: IncomingMessage, res: ServerResponse, schema: z.ZodType<T>): Promise<T> {
  const text = await readText(req, res);
  const parsed = schema.safeParse(BLANK.test(text) ? {} : parseJson(text));
  if (parsed.success) return parsed.data;
  // A problem of the object itself goes before those of its keys.
  const [first] = parsed.error.issues.toSorted((a, b) => a.path.length - b.path.length);
  throw badRequest(first?.message ?? 'The request body is invalid');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest('The request body is not valid JSON');
  }
}

/**
 * Reads a form that a browser has sent as `application/x-www-form-urlencoded`; no body at all is an empty form.
 *
 * A repeated field is refused (HTTP parameter pollution): none of our forms has one, and a filter that reads the first value
 * would see another form than a reader of the last.
 *
 * @throws GatewayError 400 when it is no such form, 415 when it has another content type; as `readText`
 */
export async function readForm(req: IncomingMessage, res: ServerResponse): Promise<FormFields> {
  // Checked before the body, so that a client which waits for `100 Continue` need not send it.
  if (!FORM_TYPE.test(req.headers['content-type'] ?? '') || req.headers['content-encoding'] !== undefined) {
    throw new GatewayError('unsupported_media_type', 'not a form');
  }
  const fields = new Map<string, string>();
  for (const field of (await readText(req, res)).split('&')) {
    if (field === '') continue;
    const equals = field.indexOf('=');
    const name = decoded(equals === -1 ? field : field.slice(0, equals));
    if (fields.has(name)) throw badRequest('The form has two fields of one name');
    fields.set(name, equals === -1 ? '' : decoded(field.slice(equals + 1)));
  }
  return fields;
}

/** Decodes as browsers encode, but strictly: refuses incomplete escapes and invalid UTF-8 instead of replacing them. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badRequest('The form is not encoded as UTF-8 with percent signs');
  }
}

/**
 * Reads the whole body, and first sends `100 Continue` where the client waits for it.
 *
 * @throws GatewayError 400 when it is not valid UTF-8, 408 when it does not arrive, 413 over 16 KiB, 499 when the client left
 */
async function readText(req: IncomingMessage, res: ServerResponse): Promise<string> {
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
