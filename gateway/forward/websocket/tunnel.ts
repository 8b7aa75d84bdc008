import type { Duplex } from 'node:stream';
import { createFrameCounter } from './frame-counter.ts';

/** An open WebSocket between a client and its upstream. */
export interface Tunnel {
  /**
   * Ends it from the middle: the client gets a Close frame with this code as soon as the frame that is on its way to it is
   * whole, and both connections end, within three seconds whatever the two of them do. Once more does nothing.
   *
   * @param code of RFC 6455 section 7.4, such as 1008 (policy violation)
   */
  close(code: number): void;
}

/** Milliseconds for the upstream to end the frame that it is sending, and for the client to read it and leave. */
const CLOSING = 3_000;

/**
 * Watches what the upstream sends, so that it is always known where a frame of ours could stand between two of its own.
 *
 * @param client the client's connection, into which `upstream` is piped
 */
export function createTunnel(client: Duplex, upstream: Duplex): Tunnel {
  const frames = createFrameCounter();
  let isClosing = false;
  // Not at once: a listener starts the flow, and the first frame, which often comes along with the upstream's 101, would
  // be gone before the pipe to the client is there.
  process.nextTick(() => upstream.on('data', frames.count));

  const finish = (code: number) => {
    upstream.destroy();
    client.end(closeFrame(code));
  };

  /** Lets the rest of the frame through, at the client's pace. */
  const finishAfterFrame = (code: number) => {
    const takeRest = (chunk: Buffer) => {
      const mustWait = !client.write(frames.takeRest(chunk));
      if (frames.missing() === 0) {
        upstream.off('data', takeRest);
        finish(code);
      } else if (mustWait) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
    };
    upstream.on('data', takeRest);
    upstream.resume();
  };

  return {
    close(code) {
      if (isClosing || client.destroyed) return;
      isClosing = true;
      const timer = setTimeout(() => {
        client.destroy();
        upstream.destroy();
      }, CLOSING);
      client.once('close', () => {
        clearTimeout(timer);
        upstream.destroy();
      });
      upstream.off('data', frames.count);
      upstream.unpipe(client);
      client.unpipe(upstream);
      // What the client still sends is of no interest to anybody.
      client.resume();
      if (frames.missing() === 0) finish(code);
      else finishAfterFrame(code);
    },
  };
}

/** RFC 6455 section 5.5.1: FIN and opcode 8, two bytes of payload, which are the code. A server masks nothing. */
function closeFrame(code: number): Buffer {
  return Buffer.from([0x88, 2, code >> 8, code & 0xff]);
}
