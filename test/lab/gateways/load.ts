import { Agent, request } from 'undici';
import type { Scope } from '../scope.ts';
import { stopwatch } from '../waiting/stopwatch.ts';
import { basic } from './gateway.ts';
import type { GatewayNode } from './nodes.ts';

/** A token that a gateway issued. */
export interface Issued {
  readonly token: string;
  /** The id by which it is revoked. */
  readonly id: string;
}

/** The result of one request. Times are values of `performance.now()`. */
export interface Answer {
  readonly node: string;
  /** The id of the request's token. */
  readonly id: string;
  /** null: the connection failed, or there was no answer within the limit. */
  readonly status: number | null;
  readonly retryAfter: string | null;
  readonly sentAt: number;
  readonly answeredAt: number;
  /** Milliseconds until the response, without the time that this process and the node waited for a processor. */
  readonly took: number;
}

export interface Load {
  /** The tokens of the requests, used in turn; may be changed at any time. */
  readonly tokens: Issued[];
  /** All responses so far, in the order of arrival. */
  readonly answers: readonly Answer[];
  /** Resolves with the responses to all requests sent at or after this time, as soon as all of them have arrived. */
  since(moment: number): Promise<Answer[]>;
}

/** Milliseconds within which every response must arrive, also in an outage. */
const ANSWER_LIMIT = 10_000;
export const PATH = '/api/v1/orders/7';

const dispatcher = new Agent({ connections: 64, headersTimeout: ANSWER_LIMIT, bodyTimeout: ANSWER_LIMIT });

function stopwatchOf({ pid }: GatewayNode): () => number {
  return stopwatch(pid === null ? [] : [pid]);
}

/** Sends one request with a token to the upstream behind the gateway. */
export async function ask(node: GatewayNode, { token, id }: Issued): Promise<Answer> {
  const sentAt = performance.now();
  const passed = stopwatchOf(node);
  const now = () => ({ sentAt, answeredAt: performance.now(), took: passed() });
  try {
    const { statusCode, headers, body } = await request(node.url + PATH, {
      dispatcher,
      headers: { authorization: `Bearer ${token}` },
    });
    await body.dump();
    const retryAfter = headers['retry-after'] === undefined ? null : String(headers['retry-after']);
    return { node: node.name, id, status: statusCode, retryAfter, ...now() };
  } catch {
    return { node: node.name, id, status: null, retryAfter: null, ...now() };
  }
}

/** Repeats a request every few milliseconds until it has this status. @returns that response */
export async function untilStatus(node: GatewayNode, issued: Issued, status: number, within: number): Promise<Answer> {
  const passed = stopwatchOf(node);
  for (;;) {
    const answer = await ask(node, issued);
    if (answer.status === status) return answer;
    if (passed() > within) throw new Error(`node ${node.name} does not say ${status}, but ${answer.status}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Gets a token for a password. */
export async function issue(node: GatewayNode, who: { email: string; password: string }): Promise<Issued> {
  const answer = await request(`${node.url}/api/v1/tokens/`, {
    dispatcher,
    method: 'POST',
    headers: { authorization: basic(who) },
  });
  if (answer.statusCode !== 200) throw new Error(`no token: ${answer.statusCode} ${await answer.body.text()}`);
  const { token } = (await answer.body.json()) as { token: string };
  const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string };
  return { token, id: jti };
}

/** Sends `DELETE /api/v1/tokens/…`. @param authorization the value of the field */
export async function revoke(
  node: GatewayNode,
  which: string,
  authorization: string,
): Promise<{ status: number; retryAfter: string | null }> {
  const { statusCode, headers, body } = await request(`${node.url}/api/v1/tokens/${which}`, {
    dispatcher,
    method: 'DELETE',
    headers: { authorization },
  });
  await body.dump();
  return {
    status: statusCode,
    retryAfter: headers['retry-after'] === undefined ? null : String(headers['retry-after']),
  };
}

export function bearer({ token }: Issued): string {
  return `Bearer ${token}`;
}

/**
 * Sends requests to each node at a constant rate, without waiting for earlier responses (open loop).
 *
 * @param rate requests per second on each node
 */
export function steadyLoad(t: Scope, nodes: readonly GatewayNode[], first: readonly Issued[], rate: number): Load {
  const tokens = [...first];
  const answers: Answer[] = [];
  const underWay = new Set<Promise<void>>();
  let sent = 0;
  const timer = setInterval(() => {
    const issued = tokens[sent++ % tokens.length];
    if (issued === undefined) return;
    for (const node of nodes) {
      const answered = ask(node, issued).then((answer) => {
        answers.push(answer);
        underWay.delete(answered);
      });
      underWay.add(answered);
    }
  }, 1000 / rate);
  t.teardown(() => clearInterval(timer));
  return {
    tokens,
    answers,
    async since(moment) {
      await Promise.all(underWay);
      return answers.filter(({ sentAt }) => sentAt >= moment);
    },
  };
}
