import { Agent, request } from 'undici';
import type { Scope } from '../../test/lab/scope.ts';
import type { Form } from './line.ts';
import type { Token } from './world.ts';

export interface Call {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** The value of the field. */
  readonly authorization: string;
  /** A connection for this request alone. */
  readonly isFresh: boolean;
}

/** Times of `performance.now()`. */
export interface Reply {
  /** null: no answer within the deadline, or the connection failed. */
  readonly status: number | null;
  readonly body: string;
  /** The id that the gateway gave the request. */
  readonly request: string | null;
  readonly begun: number;
  readonly ended: number;
}

export type Send = (call: Call) => Promise<Reply>;

/** Milliseconds until a request without an answer counts as of unknown outcome. */
const DEADLINE = 8_000;
/** Connections to each gateway that are kept open. */
const CONNECTIONS = 12;

export function openCalls(t: Scope): Send {
  const timeouts = { headersTimeout: DEADLINE, bodyTimeout: DEADLINE, connect: { timeout: DEADLINE } };
  const dispatcher = new Agent({ connections: CONNECTIONS, keepAliveTimeout: 60_000, ...timeouts });
  const fresh = new Agent({ pipelining: 0, ...timeouts });
  t.teardown(() => Promise.all([dispatcher.destroy(), fresh.destroy()]));
  return async ({ url, method, path, authorization, isFresh }) => {
    const begun = performance.now();
    try {
      const { statusCode, headers, body } = await request(url + path, {
        method,
        dispatcher: isFresh ? fresh : dispatcher,
        reset: isFresh,
        headers: { authorization },
        signal: AbortSignal.timeout(DEADLINE),
      });
      const text = await body.text();
      const id = headers['x-request-id'];
      const reply = { status: statusCode, body: text, request: typeof id === 'string' ? id : null };
      return { ...reply, begun, ended: performance.now() };
    } catch {
      return { status: null, body: '', request: null, begun, ended: performance.now() };
    }
  };
}

/** The field that has the token in this form. */
export function fieldOf({ text }: Token, form: Exclude<Form, 'password'>): string {
  return form === 'bearer' ? `Bearer ${text}` : `Basic ${Buffer.from(`${text}:`).toString('base64')}`;
}
