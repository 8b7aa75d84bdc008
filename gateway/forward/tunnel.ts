import type { Duplex } from 'node:stream';
import { lingeringClose } from './early-answer.ts';

/** An open WebSocket between a client and its upstream. */
export interface Tunnel {
  /**
   * Ends it from the middle: the client gets a Close frame with this code as soon as the frame that is on its way to it is
   * whole, and both connections end.
   *
   * @param code of RFC 6455 section 7.4, such as 1008 (policy violation)
   */
  close(code: number): void;
}

/** Milliseconds for the upstream to end the frame that it is sending. */
const FRAME_WAIT = 1_000;

/**
 * Watches what the upstream sends, so that it is always known where a frame of ours could stand between two of its own.
 *
 * @param client the client's connection, into which `upstream` is piped
 */
export function createTunnel(client: Duplex, upstream: Duplex): Tunnel {
  const frames = createFrameCounter();
  upstream.on('data', frames.count);

  const finish = (code: number) => {
    client.write(closeFrame(code));
    lingeringClose(client);
    upstream.destroy();
  };

  return {
    close(code) {
      if (client.destroyed) return;
      upstream.off('data', frames.count);
      upstream.unpipe(client);
      client.unpipe(upstream);
      // What the client still sends is of no interest to anybody.
      client.resume();
      if (frames.missing() === 0) {
        finish(code);
        return;
      }
      let isOver = false;
      const timer = setTimeout(() => client.destroy(), FRAME_WAIT);
      upstream.once('close', () => clearTimeout(timer));
      upstream.on('data', (chunk: Buffer) => {
        if (isOver) return;
        client.write(frames.takeRest(chunk));
        isOver = frames.missing() === 0;
        if (isOver) finish(code);
      });
      upstream.resume();
    },
  };
}

/** RFC 6455 section 5.5.1: FIN and opcode 8, two bytes of payload, which are the code. A server masks nothing. */
function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 0xff]);
}

interface FrameCounter {
  count(chunk: Buffer): void;
  /** Bytes that are still to come of the frame under way, at least; 0 between two frames. */
  missing(): number;
  /** Counts the bytes that belong to the frame under way, and gives them; what follows is dropped. */
  takeRest(chunk: Buffer): Buffer;
}

/** Follows the lengths of frames (RFC 6455 section 5.2) through whatever pieces they arrive in. */
export function createFrameCounter(): FrameCounter {
  const head = Buffer.alloc(14);
  let headHas = 0;
  let payload = 0;

  /** Takes a byte of a head; when the head is whole, its payload is what is missing. */
  const takeHeadByte = (byte: number) => {
    head[headHas] = byte;
    headHas += 1;
    if (headHas < 2) return;
    const short = (head[1] as number) & 0x7f;
    const masked = ((head[1] as number) & 0x80) !== 0;
    const extended = short === 126 ? 2 : short === 127 ? 8 : 0;
    if (headHas < 2 + extended + (masked ? 4 : 0)) return;
    headHas = 0;
    payload = extended === 2 ? head.readUInt16BE(2) : extended === 8 ? Number(head.readBigUInt64BE(2)) : short;
  };

  /** @returns where the first frame that ends in the chunk ends, or the length of the chunk */
  const take = (chunk: Buffer, from: number): number => {
    let at = from;
    while (at < chunk.length) {
      if (payload > 0) {
        const taken = Math.min(payload, chunk.length - at);
        payload -= taken;
        at += taken;
      } else {
        takeHeadByte(chunk[at] as number);
        at += 1;
      }
      if (payload === 0 && headHas === 0) break;
    }
    return at;
  };

  return {
    count(chunk) {
      for (let at = 0; at < chunk.length; ) at = take(chunk, at);
    },
    missing: () => (headHas > 0 ? 1 : payload),
    takeRest: (chunk) => chunk.subarray(0, take(chunk, 0)),
  };
}
