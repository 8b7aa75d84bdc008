import type { Socket } from 'node:net';
import type { PlainHead } from '../../gateway/http/plain-head.ts';
import { PlainConnection } from '../../gateway/request/plain/plain-connection.ts';
import type { ClientConnection, PlainConnectionDeps, PlainRequest } from '../../gateway/request/plain/plain-request.ts';
import { MemorySocket } from '../../test/support/http/memory-socket.ts';
import { Random } from '../random.ts';
import { type Finding, firstOf, unequal } from './finding.ts';
import { METHOD_NUMBERS, NodeParser } from './node-parser.ts';

const node = new NodeParser('requests');

/** How a connection of plain requests went. */
interface Served {
  readonly requests: readonly { readonly head: PlainHead; readonly body: string }[];
  /** What Node's HTTP server would get; null: nothing was handed over. */
  readonly handedOver: string | null;
  /** Whether the body of the last request is not complete. */
  readonly isUnderWay: boolean;
  readonly isEnded: boolean;
}

/**
 * Feeds a `PlainConnection` in pieces, and compares the requests and bodies that it gives out, and the bytes that it hands
 * over, with what Node's parser reads from the same bytes.
 *
 * @param seed chooses the pieces, and when answers leave
 */
export async function compareStreams(bytes: Buffer, seed: number): Promise<Finding> {
  const random = new Random(seed);
  const served = await serve(piecesOf(bytes, random), random);
  const { requests, handedOver, isUnderWay, isEnded } = served;
  const kind = `${requests.length} requests, ${handedOver === null ? (isEnded ? 'closed' : 'open') : 'then handed over'}`;

  node.start();
  const rest = handedOver === null ? 0 : handedOver.length;
  const end = bytes.length - rest;
  const last = requests.at(-1)?.head;
  // What follows a request that closes is read by nobody.
  const read = isEnded || last?.closes === true ? bytes : bytes.subarray(0, end);
  node.read(read);
  const messages = node.messages.slice(0, requests.length);
  const difference = firstOf(
    handedOver === null ? null : unequal('handed over', handedOver, bytes.subarray(end).toString('latin1')),
    ...requests.map(({ head, body }, i) =>
      firstOf(
        unequal('method', METHOD_NUMBERS.get(head.method), messages[i]?.method),
        unequal('url', head.url, messages[i]?.url),
        unequal('fields', head.fields, messages[i]?.fields),
        unequal('body', body, messages[i]?.body),
        unequal('complete', !(isUnderWay && i === requests.length - 1), messages[i]?.isComplete),
      ),
    ),
    handedOver === null ? null : unequal('requests until then', requests.length, node.messages.length),
  );
  return { kind, difference };
}

function piecesOf(bytes: Buffer, random: Random): Buffer[] {
  if (bytes.length === 0) return [];
  if (bytes.length < 300 && random.once(8)) return [...bytes].map((octet) => Buffer.of(octet));
  const cuts = new Set([0, bytes.length]);
  for (let count = random.below(5); count > 0; count -= 1) cuts.add(random.below(bytes.length));
  const places = [...cuts].sort((a, b) => a - b);
  return places.slice(1).map((to, i) => Buffer.from(bytes.subarray(places[i], to)));
}

async function serve(pieces: readonly Buffer[], random: Random): Promise<Served> {
  const socket = new MemorySocket();
  const requests: { readonly head: PlainHead; body: string }[] = [];
  let handedOver: Buffer[] | null = null;
  let isUnderWay = false;
  const deps: PlainConnectionDeps = {
    accept: (connection, head) => {
      isUnderWay = true;
      const request = { head, body: '' };
      requests.push(request);
      return stubRequest(connection, request, random, () => {
        isUnderWay = false;
      });
    },
    handOver(taken, bytes) {
      const rest: Buffer[] = bytes === null ? [] : [bytes];
      handedOver = rest;
      taken.on('data', (piece: Buffer) => rest.push(piece));
    },
    refuse() {},
    onDropped() {},
    onGone() {},
    isDraining: () => false,
    isClosed: () => false,
    headDeadline: () => 60_000,
    idleDeadline: () => 60_000,
  };
  // A stream with all that a connection uses of a socket.
  new PlainConnection(socket as unknown as Socket, deps);
  for (const piece of pieces) {
    if (socket.destroyed) break;
    socket.arrive(piece);
    await new Promise(setImmediate);
  }
  await settled(socket, requests, () => isUnderWay);
  const isEnded = socket.destroyed;
  socket.destroy();
  const rest: Buffer[] | null = handedOver;
  return { requests, handedOver: rest === null ? null : Buffer.concat(rest).toString('latin1'), isUnderWay, isEnded };
}

/** Waits until the turns of the event loop bring nothing more. */
async function settled(
  socket: MemorySocket,
  requests: readonly { body: string }[],
  isUnderWay: () => boolean,
): Promise<void> {
  const state = () =>
    `${requests.length} ${requests.at(-1)?.body.length} ${isUnderWay()} ${socket.destroyed} ${socket.readableLength}`;
  for (let quiet = 0, before = ''; quiet < 3; ) {
    await new Promise(setImmediate);
    const now = state();
    quiet = now === before ? quiet + 1 : 0;
    before = now;
  }
}

/** A request that reads its body at once or later, and is answered as soon as it has it. */
function stubRequest(
  connection: ClientConnection,
  request: { readonly head: PlainHead; body: string },
  random: Random,
  onOver: () => void,
): PlainRequest {
  const answer = () => {
    onOver();
    connection.onAnswered(request.head.closes);
  };
  const read = () => {
    if (request.head.length === 0) {
      answer();
      return;
    }
    connection.body.readBy({
      onBodyPiece({ piece }, isLast) {
        request.body += piece.toString('latin1');
        const goesOn = !random.once(4);
        if (isLast) setImmediate(answer);
        else if (!goesOn) setImmediate(() => connection.body.resume());
        return goesOn;
      },
    });
  };
  const isLate = random.once(3);
  return {
    isAnswered: false,
    start: () => (isLate ? void setImmediate(read) : read()),
    onDrain() {},
    onClientIdle() {},
    onClientGone() {},
  };
}
