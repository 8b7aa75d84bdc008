import type { IncomingMessage, ServerResponse } from 'node:http';
import { badRequest } from '../domain/errors.ts';
import { readText } from './request-bytes.ts';

/**
 * Reads the JSON object that a request to the gateway itself may carry; no body at all is an empty object.
 *
 * The content type is not asked for: the body is only read for who has shown credentials in a header, which no
 * cross-site form can send.
 *
 * @throws GatewayError 400 when it is no JSON object (RFC 8259 section 8.1: in UTF-8), 408 when it does not arrive, 413
 *   over 16 KiB
 */
export async function readJsonObject(req: IncomingMessage, res: ServerResponse): Promise<Record<string, unknown>> {
  const text = await readText(req, res);
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
