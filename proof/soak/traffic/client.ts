import { setTimeout as pause } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import type { Scope } from '../../../test/lab/scope.ts';
import { SELF_SIGNED } from '../../../test/lab/upstreams/self-signed.ts';

/** Milliseconds within which each answer must be complete. */
const ANSWER_LIMIT = 60_000;
const CONNECTIONS = 64;

export interface Call {
  readonly method?: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Answered {
  /** null: the connection broke before the end of the head. */
  readonly status: number | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** What arrived of the body. */
  readonly body: string;
  /** Whether the body is whole. */
  readonly isWhole: boolean;
  /** Why the connection broke. */
  readonly failure: string;
}

/** Sends requests to one listener over kept connections. */
export interface Client {
  readonly url: string;
  ask(call: Call): Promise<Answered>;
  /** Reads the beginning of the answer and breaks the connection. */
  leave(call: Call, after: number): Promise<Answered>;
}

export function clientOf(scope: Scope, url: string): Client {
  const dispatcher = new Agent({
    connections: CONNECTIONS,
    headersTimeout: ANSWER_LIMIT,
    bodyTimeout: ANSWER_LIMIT,
    // Far below those of the gateway: no request meets a connection that the gateway is closing.
    keepAliveTimeout: 20_000,
    keepAliveMaxTimeout: 20_000,
    connect: { timeout: ANSWER_LIMIT, ca: SELF_SIGNED.cert, servername: 'localhost' },
  });
  scope.teardown(() => dispatcher.destroy());
  const send = ({ method = 'GET', path, headers = {}, body }: Call) =>
    request(url + path, { dispatcher, method, headers, body: body ?? null });
  const broken = (error: unknown): Answered => {
    return { status: null, headers: {}, body: '', isWhole: false, failure: failureOf(error) };
  };
  return {
    url,
    async ask(call) {
      try {
        const { statusCode: status, headers, body } = await send(call);
        const pieces: Buffer[] = [];
        try {
          for await (const piece of body) pieces.push(piece as Buffer);
        } catch (error) {
          return { status, headers, body: textOf(pieces), isWhole: false, failure: failureOf(error) };
        }
        return { status, headers, body: textOf(pieces), isWhole: true, failure: '' };
      } catch (error) {
        return broken(error);
      }
    },
    async leave(call, after) {
      try {
        const { statusCode: status, headers, body } = await send(call);
        body.on('error', () => {});
        body.resume();
        await pause(after);
        body.destroy();
        return { status, headers, body: '', isWhole: false, failure: '' };
      } catch (error) {
        return broken(error);
      }
    },
  };
}

function textOf(pieces: readonly Buffer[]): string {
  return Buffer.concat(pieces).toString('latin1');
}

function failureOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return `${code ?? ''} ${message}`.trim();
}
