import type { Socket } from 'node:net';
import type { RawAnswerFields } from '../../gateway/fields/raw-fields.ts';
import type { DirectClient } from '../../gateway/forward/direct/client.ts';
import { DirectConnection } from '../../gateway/forward/direct/connection.ts';
import { DirectAttempt } from '../../gateway/forward/direct/direct-attempt.ts';
import type { Outgoing } from '../../gateway/forward/outgoing.ts';
import type { Upstream } from '../../gateway/forward/upstream/upstream.ts';
import { MemorySocket } from '../../test/support/http/memory-socket.ts';

/** An answer as a client of HTTP has read it. */
export interface Received {
  readonly status: number;
  readonly reason: string;
  readonly fields: RawAnswerFields;
  /** As Latin-1. */
  readonly body: string;
  readonly trailers: readonly (readonly [string, string])[];
  /** Why the answer is not complete; null: it is. */
  readonly failure: string | null;
  /** Whether the connection takes another request. */
  readonly isKept: boolean;
}

const MINUTE = 60_000;

/** Sends a request over a `DirectConnection`, whose server answers in these pieces and then closes it. */
export function receiveDirectly(pieces: readonly Buffer[], method: string): Received {
  const socket = new MemorySocket();
  let arrive = (_: Buffer) => {};
  let open = () => {};
  let isFree = false;
  const connection = new DirectConnection(
    ({ buffer, callback: read }, onOpen) => {
      arrive = (bytes) => {
        const target = buffer();
        read(bytes.copy(target), target);
      };
      // A stream with all that a connection uses of a socket.
      open = () => onOpen(null, socket as unknown as Socket);
    },
    MINUTE,
    () => {
      isFree = true;
    },
    () => {
      isFree = false;
    },
  );
  const received = { status: 0, reason: '', fields: [] as RawAnswerFields, body: '', failure: null as string | null };
  const trailers: (readonly [string, string])[] = [];
  let isOver = false;
  const attempt = new DirectAttempt(
    clientOf(method, received, trailers),
    OUTGOING,
    // What an attempt uses of an upstream.
    { origin: 'http://a', begin: () => ACCOUNT, connections: { take: () => connection } } as unknown as Upstream,
    {
      sendContinue() {},
      onAnswered(last) {
        isOver = true;
        received.body += last?.toString('latin1') ?? '';
      },
      onFailed(error) {
        isOver = true;
        received.failure = error.message;
      },
    },
  );
  attempt.dispatch();
  open();
  for (const piece of pieces) if (!socket.destroyed) arrive(piece);
  const isKept = isFree;
  if (!isOver) socket.emit('end');
  connection.destroy();
  return { ...received, trailers, isKept };
}

function clientOf(
  method: string,
  received: { status: number; reason: string; fields: RawAnswerFields; body: string },
  trailers: (readonly [string, string])[],
): DirectClient {
  return {
    method,
    bodyLength: 0,
    hasUnsent: false,
    setIdleTimeout() {},
    sendContinue() {},
    readBody() {},
    keepBody() {},
    resumeBody() {},
    discardBody() {},
    takeHead({ status, reason, fields }) {
      Object.assign(received, { status, reason, fields });
    },
    flushHead() {},
    writeText(piece) {
      received.body += piece;
      return true;
    },
    writeBytes({ piece, done }) {
      received.body += piece.toString('latin1');
      done();
      return true;
    },
    takeTrailers: (fields) => void trailers.push(...fields),
    end() {},
    destroy() {},
  };
}

/** What an attempt uses of a request that has been admitted. */
const OUTGOING = {
  headFor: () => ({ target: '/', headers: ['host', 'a'] }),
  deadlines: { connect: MINUTE, firstByte: MINUTE, idle: MINUTE, request: null },
  tally: { received: 0, sent: 0 },
  rewriting: null,
} as unknown as Outgoing;

const ACCOUNT = { answered() {}, ended() {}, failed() {} };
