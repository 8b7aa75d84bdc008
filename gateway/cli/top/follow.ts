import { type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError } from '../../domain/errors.ts';
import type { ConsoleSnapshot } from '../../ops/console/snapshot.ts';
import type { OpsAddress } from '../ready/ops-address.ts';

/** A snapshot, or why there is none at present. */
export type News =
  | { readonly kind: 'snapshot'; readonly snapshot: ConsoleSnapshot }
  | { readonly kind: 'lost'; readonly reason: string };

/** Milliseconds without an event, of which there is one a second. */
const SILENCE = 6_000;
/** Milliseconds until the next attempt to connect. */
const RETRY = 1_000;
/** Characters of an event or another answer: a snapshot has 4 KB at most. */
const LONGEST = 64 * 1024;

/**
 * The snapshots of a gateway, for as long as they are read; connects again when the connection is lost.
 *
 * @throws OperatorError when the console is off, or something else answers there
 */
export async function* follow(address: OpsAddress, signal: AbortSignal): AsyncGenerator<News, void> {
  while (!signal.aborted) {
    try {
      for await (const snapshot of snapshotsFrom(address, signal)) yield { kind: 'snapshot', snapshot };
      yield { kind: 'lost', reason: 'the gateway has ended the stream' };
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      if (signal.aborted) return;
      yield { kind: 'lost', reason: reasonOf(error) };
    }
    await pause(RETRY, undefined, { signal }).catch(() => {});
  }
}

async function* snapshotsFrom({ to, name }: OpsAddress, signal: AbortSignal): AsyncGenerator<ConsoleSnapshot, void> {
  const answer = await open(to, signal);
  answer.setEncoding('utf8');
  if (answer.statusCode !== 200) throw await refusalOf(answer, name);
  if (answer.headers['content-type'] !== 'text/event-stream') throw stranger(name);
  let text = '';
  for await (const piece of answer) {
    text += piece;
    if (text.length > LONGEST) throw stranger(name);
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      if (event.startsWith('data: ')) yield snapshotIn(event.slice('data: '.length), name);
    }
  }
}

function open(to: OpsAddress['to'], signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // The console answers only to an address or to localhost (DNS rebinding); a Unix socket has no name.
    const headers = 'socketPath' in to ? { Host: 'localhost' } : {};
    const req = request({ ...to, path: '/console/events', agent: false, headers, signal }, resolve);
    req.setTimeout(SILENCE, () => req.destroy(new Error(`no answer within ${SILENCE / 1_000} s`)));
    req.on('error', reject).end();
  });
}

/** @returns an OperatorError where trying again is of no use */
async function refusalOf(answer: IncomingMessage, name: string): Promise<Error> {
  let body = '';
  for await (const piece of answer) {
    body += piece;
    if (body.length > LONGEST) return stranger(name);
  }
  const said = readRefusal(body);
  if (said === null) return stranger(name);
  return answer.statusCode === 503 ? new Error(said) : new OperatorError(`${name}: ${said}`);
}

function readRefusal(body: string): string | null {
  try {
    const { status, message } = JSON.parse(body) as Record<string, unknown>;
    if (typeof message === 'string') return message;
    return typeof status === 'string' ? status.replaceAll('_', ' ') : null;
  } catch {
    return null;
  }
}

/** The text comes from a gateway, perhaps of another version: a shape that is not known must not be shown. */
function snapshotIn(text: string, name: string): ConsoleSnapshot {
  try {
    const value = JSON.parse(text) as Partial<ConsoleSnapshot> | null;
    const lists = [value?.routes, value?.servers, value?.newFailures, value?.stores, value?.unavailable];
    const maps = [value?.rates, value?.failures, value?.refusals, value?.configuration];
    const isKnown = lists.every(Array.isArray) && maps.every((map) => typeof map === 'object' && map !== null);
    if (isKnown && typeof value?.at === 'number') return value as ConsoleSnapshot;
  } catch {
    // No JSON.
  }
  throw stranger(name);
}

function stranger(name: string): OperatorError {
  return new OperatorError(`${name}: something else than the console of this version of Gatehouse answers there`);
}

function reasonOf(error: unknown): string {
  const { message, code = '' } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ECONNRESET') return 'the connection was cut';
  return message === '' ? code : message;
}
