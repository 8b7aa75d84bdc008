import type { Duplex } from 'node:stream';
import { createFrameCounter } from './frame-counter.ts';

/** An open WebSocket between a client and its upstream. */
export interface Tunnel {
  /**
   * Closes the WebSocket from the gateway's side: the client gets a Close frame with this code as soon as the current frame
   * is complete. Both connections are closed within three seconds, whatever the peers do. A second call does nothing.
   *
   * @param code of RFC 6455 section 7.4, such as 1008 (policy violation)
   */
  close(code: number): void;
}

/** Milliseconds for the upstream to complete its current frame, and for the client to read it and close. */
const CLOSING = 3_000;

/**
 * Tracks the upstream's frames, so that the gateway can send a Close frame between two of them.
 *
 * @param client the client's connection, into which `upstream` is piped
 */
export function createTunnel(client: Duplex, upstream: Duplex): Tunnel {
  const frames = createFrameCounter();
  let isClosing = false;
  // Not at once: a listener starts the flow, and the first frame, which often arrives with the upstream's 101, would be
  // lost before the pipe to the client is set up.
  process.nextTick(() => upstream.on('data', frames.count));

  const finish = (code: number) => {
    upstream.destroy();
    client.end(closeFrame(code));
  };

  /** Passes on the rest of the current frame, with back-pressure. */
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
      // Further data of the client is discarded.
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
