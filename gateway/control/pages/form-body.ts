import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest, GatewayError } from '../../domain/errors.ts';
import { readText } from '../request-bytes.ts';

/** The fields of a form by name, as they were typed. */
export type Form = ReadonlyMap<string, string>;

const TYPE = /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

/**
 * Reads a form that a browser has sent as `application/x-www-form-urlencoded`; no body at all is an empty form.
 *
 * A repeated field is refused (HTTP parameter pollution): none of our forms has one, and a filter that reads the first value
 * would see another form than a reader of the last.
 *
 * @throws GatewayError 400 when it is no such form or not UTF-8, 408 when it does not arrive, 413 over 16 KiB, 415 when it
 *   has another content type
 */
export async function readForm(req: IncomingMessage, res: ServerResponse): Promise<Form> {
  // Checked before the body, so that a client which waits for `100 Continue` need not send it.
  if (!TYPE.test(req.headers['content-type'] ?? '') || req.headers['content-encoding'] !== undefined) {
    throw new GatewayError('unsupported_media_type', 'not a form');
  }
  const form = new Map<string, string>();
  for (const field of (await readText(req, res)).split('&')) {
    if (field === '') continue;
    const equals = field.indexOf('=');
    const name = decoded(equals === -1 ? field : field.slice(0, equals));
    if (form.has(name)) throw badRequest('The form has two fields of one name');
    form.set(name, equals === -1 ? '' : decoded(field.slice(equals + 1)));
  }
  return form;
}

/** Decodes as browsers encode, but strictly: refuses incomplete escapes and invalid UTF-8 instead of replacing them. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badRequest('The form is not encoded as UTF-8 with percent signs');
  }
}
