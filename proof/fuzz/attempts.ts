import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import { latin1 } from '../../gateway/fields/raw-fields.ts';
import { trailerFields } from '../../gateway/forward/headers/response-headers.ts';
import { flatFields } from '../../gateway/forward/undici/http2-fields.ts';
import { keepReasonOctets } from '../../gateway/workarounds/undici-reason-octets.ts';
import { MemorySocket } from '../../test/support/http/memory-socket.ts';
import { Random } from '../random.ts';
import { methodOf } from './answers.ts';
import { type Received, receiveDirectly } from './direct-answers.ts';
import { type Finding, firstOf, unequal } from './finding.ts';

/** Compares the answers that `DirectAttempt` passes on with those that undici reads. @param seed chooses method and pieces */
export async function compareAttempts(bytes: Buffer, seed: number): Promise<Finding> {
  const method = methodOf(seed);
  const pieces = piecesOf(bytes, new Random(seed));
  const ours = receiveDirectly(pieces, method);
  const theirs = await receiveByUndici(pieces, method);
  if (ours.failure !== null && ours.status === 0) {
    const isRead = theirs.failure === null;
    return { kind: `refused here, ${isRead ? 'read' : 'refused'} by undici: ${ours.failure}`, difference: null };
  }
  const kind = `${ours.failure === null ? 'complete' : 'cut'}, ${theirs.failure ?? 'complete'} for undici`;
  if (isOddity(bytes, theirs)) return { kind, difference: null };
  return { kind, difference: differenceOf(ours, theirs, method) };
}

/** What undici refuses against the standard. */
function isOddity(bytes: Buffer, { failure }: Received): boolean {
  // 100 (Continue), for a request that did not ask for it.
  if (failure === 'bad response') return bytes.includes('HTTP/1.1 100');
  // Whitespace behind a length.
  return /content-length/i.test(failure ?? '') && /^content-length:.*[ \t]\r$/im.test(bytes.toString('latin1'));
}

function differenceOf(ours: Received, theirs: Received, method: string): string | null {
  if (ours.failure !== null && theirs.status === 0) return null;
  const head = firstOf(
    unequal('status', ours.status, theirs.status),
    unequal('reason', ours.reason, theirs.reason),
    unequal('fields', ours.fields, theirs.fields),
  );
  if (head !== null) return `${head} (undici: ${theirs.failure})`;
  if (ours.failure !== null) {
    const isRefused = !ours.failure.includes('ERR_UPSTREAM_CLOSED');
    return isRefused || theirs.failure !== null ? null : 'undici reads an answer that is cut here';
  }
  return firstOf(
    theirs.failure === null ? null : `undici: ${theirs.failure}`,
    unequal('body', ours.body, theirs.body),
    unequal('trailers', ours.trailers, theirs.trailers),
    // undici closes after most answers to HEAD.
    ours.isKept && method !== 'HEAD' ? unequal('kept', true, theirs.isKept) : null,
  );
}

function piecesOf(bytes: Buffer, random: Random): Buffer[] {
  const cuts = new Set([0, bytes.length]);
  for (let count = random.below(4); count > 0; count -= 1) cuts.add(random.below(bytes.length + 1));
  const places = [...cuts].sort((a, b) => a - b);
  return places.slice(1).map((to, i) => Buffer.from(bytes.subarray(places[i], to)));
}

async function receiveByUndici(pieces: readonly Buffer[], method: string): Promise<Received> {
  const socket = new MemorySocket();
  const client = new Client('http://a', {
    // A stream with all that a client uses of a socket.
    connect: (_, callback) => process.nextTick(callback, null, socket as unknown as Socket),
    keepAliveTimeout: 60_000,
    allowH2: false,
  });
  keepReasonOctets(client);
  const received = { status: 0, reason: '', body: '', failure: null as string | null };
  let fields: Received['fields'] = [];
  let trailers: Received['trailers'] = [];
  let isOver = false;
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart() {},
    onResponseStart(controller, status, parsed, reason) {
      if (status < 200) return;
      received.status = status;
      received.reason = reason ?? '';
      fields = flatFields(controller.rawHeaders ?? parsed);
    },
    onResponseData(_, piece) {
      received.body += piece.toString('latin1');
    },
    onResponseEnd(controller, parsed) {
      isOver = true;
      trailers = trailerFields(flatFields(controller.rawTrailers ?? parsed));
    },
    onResponseError(_, error) {
      isOver = true;
      received.failure = error.message;
    },
  };
  client.dispatch({ method: method as Dispatcher.HttpMethod, path: '/' }, handler);
  while (socket.written.length === 0) await turn();
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.arrive(piece);
    await turn();
  }
  const isKept = isOver && !socket.destroyed;
  if (!socket.destroyed) socket.arriveEnd();
  await turn();
  await client.destroy();
  return {
    ...received,
    fields: fields.map((part) => trimmed(latin1(part))),
    trailers: trailers.map(([name, value]) => [name, trimmed(value)] as const),
    isKept,
  };
}

/** undici leaves the whitespace behind a value. */
function trimmed(value: string): string {
  return value.replace(/[ \t]+$/, '');
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
