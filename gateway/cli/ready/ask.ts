import { type IncomingMessage, request } from 'node:http';
import type { OpsAddress } from './ops-address.ts';

/** What a gateway says of itself, or why it says nothing. */
export type Verdict =
  | {
      readonly kind: 'answered';
      readonly isReady: boolean;
      /** As the ops listener names it, such as `starting`. */
      readonly status: string;
      /** The stores and clocks that are down. */
      readonly unavailable: readonly string[];
    }
  | { readonly kind: 'late' | 'unreachable' | 'ended'; readonly isReady: false; readonly reason: string };

/** Bytes; the body of an answer has some dozens. */
const BODY_LIMIT = 16 * 1024;

/**
 * Asks an ops listener once. Never rejects.
 *
 * @param limit whole milliseconds for the answer
 */
export async function askReadiness({ to }: OpsAddress, limit: number): Promise<Verdict> {
  const deadline = AbortSignal.timeout(limit);
  try {
    const answer = await send(to, deadline);
    return verdictOf(answer.statusCode ?? 0, await bodyOf(answer));
  } catch (error) {
    if (!deadline.aborted) return { kind: 'unreachable', isReady: false, reason: reasonOf(error) };
    return { kind: 'late', isReady: false, reason: `no complete answer within ${limit / 1_000} s` };
  }
}

function send(to: OpsAddress['to'], signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request({ ...to, path: '/health/ready', agent: false, signal }, resolve)
      .once('error', reject)
      .end();
  });
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of answer.setEncoding('utf8')) {
    body += piece;
    if (body.length > BODY_LIMIT) throw new NotGatehouse();
  }
  return body;
}

function verdictOf(code: number, body: string): Verdict {
  const said = code === 200 || code === 503 ? readBody(body) : null;
  if (said === null) throw new NotGatehouse();
  return { kind: 'answered', isReady: code === 200, ...said };
}

/** @returns null if it is no body of `/health/ready` */
function readBody(body: string): { readonly status: string; readonly unavailable: readonly string[] } | null {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('status' in value) || typeof value.status !== 'string')
    return null;
  const names: unknown = 'unavailable' in value ? value.unavailable : [];
  return Array.isArray(names) ? { status: value.status, unavailable: names.map(String) } : null;
}

class NotGatehouse extends Error {
  constructor() {
    super('something else than the ops listener of Gatehouse answers there');
  }
}

function reasonOf(error: unknown): string {
  // A host name with several addresses gives an AggregateError without a message.
  const { message, code = '' } = error as NodeJS.ErrnoException;
  if (code.startsWith('HPE_')) return new NotGatehouse().message;
  return REASONS[code] ?? (message === '' ? code : message);
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'this user may not use the socket',
  ECONNRESET: 'the connection was closed before the answer was complete',
  ENOTFOUND: 'the host name is unknown',
};
