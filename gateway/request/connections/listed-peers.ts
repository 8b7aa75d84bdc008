import type { Logger } from '../../ops/log.ts';
import type { Stage } from './stages.ts';

/** Milliseconds between two lines. */
const INTERVAL = 60_000;

/**
 * Closes the connections of peers that are not listed. Writes a line a minute at most.
 *
 * @param isListed may give another answer for a later connection
 * @param message for the log
 */
export function onlyListedPeers(
  isListed: (socketAddress: string | undefined) => boolean,
  log: Logger,
  message: string,
): Stage {
  let nextAt = 0;
  let unreported = 0;
  const report = (peer: string | undefined) => {
    const now = performance.now();
    if (now < nextAt) {
      unreported += 1;
      return;
    }
    nextAt = now + INTERVAL;
    log.warn({ peer, ...(unreported > 0 && { othersSinceLastLine: unreported }), fault: 'client' }, message);
    unreported = 0;
  };
  return (socket, next) => {
    const { remoteAddress } = socket;
    if (isListed(remoteAddress)) return next(socket);
    report(remoteAddress);
    socket.destroy();
  };
}
