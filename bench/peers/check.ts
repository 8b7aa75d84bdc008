import { OperatorError } from '../../gateway/domain/errors.ts';
import { PASSWORD } from '../harness/gatehouse.ts';
import { ANSWER, ECHO_PATH, PATH } from '../harness/upstream.ts';
import type { Peer, Tokens } from './peer.ts';
import type { Workload } from './workload.ts';

type Checked = Pick<Peer, 'label' | 'credential' | 'knowsRevocations'>;

/** The header fields that a peer is to accept. */
export function credentialOf({ credential }: Pick<Peer, 'credential'>, tokens: Tokens): Record<string, string> {
  if (credential === 'none') return {};
  return { authorization: credential === 'token' ? `Bearer ${tokens.good.token}` : PASSWORD };
}

/**
 * Holds that a server does what it is measured for: forwards with the right credential, and answers 401 without one, with
 * a wrong one, and with a revoked one where it knows of those.
 *
 * @throws {OperatorError} When it does not.
 */
export async function checkAnswers(peer: Checked, { url }: { readonly url: string }, tokens: Tokens): Promise<void> {
  const good = await ask(url, credentialOf(peer, tokens));
  if (good.status !== 200 || good.body !== ANSWER) {
    throw new OperatorError(`${peer.label} does not forward: it answered ${good.status} ${good.body.slice(0, 200)}`);
  }
  if (peer.credential === 'none') return;
  const bad: Record<string, Record<string, string>> = {
    'no credential': {},
    'a wrong one': { authorization: peer.credential === 'token' ? `Bearer ${forged(tokens)}` : WRONG_PASSWORD },
    ...(peer.knowsRevocations ? { 'a revoked one': { authorization: `Bearer ${tokens.revoked.token}` } } : {}),
  };
  for (const [what, headers] of Object.entries(bad)) {
    const { status } = await ask(url, headers);
    if (status !== 401) throw new OperatorError(`${peer.label} answered ${status}, not 401, to ${what}.`);
  }
}

/**
 * Holds that a server passes on what the workload sends and what is answered.
 *
 * @param headers with the right credential
 * @throws {OperatorError} When it does not.
 */
export async function checkWorkload(
  { label, url, headers }: { readonly label: string; readonly url: string; readonly headers: Record<string, string> },
  { path, body, answerLength }: Workload,
): Promise<void> {
  const answer = await ask(url, headers, path, body);
  if (answer.status !== 200 || answer.body.length !== answerLength) {
    throw new OperatorError(`${label} answered ${path} with ${answer.status} and ${answer.body.length} bytes.`);
  }
  if (body === null) return;
  const echo = await ask(url, headers, ECHO_PATH, body);
  if (echo.body !== body) throw new OperatorError(`${label} does not pass on the body of a POST.`);
}

const WRONG_PASSWORD = `Basic ${Buffer.from('ada@example.com:wrong').toString('base64')}`;

/** With the signature of another token. */
function forged({ good, revoked }: Tokens): string {
  return [...good.token.split('.').slice(0, 2), revoked.token.split('.')[2]].join('.');
}

async function ask(
  url: string,
  headers: Record<string, string>,
  path = PATH,
  body: string | null = null,
): Promise<{ status: number; body: string }> {
  const post = body === null ? {} : { method: 'POST', body };
  const type = body === null ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(url + path, {
    ...post,
    headers: { ...headers, ...type },
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  });
  return { status: answer.status, body: await answer.text() };
}
