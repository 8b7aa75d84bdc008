import type { Logger } from '../../ops/log.ts';

/** Milliseconds between two lines. */
const INTERVAL = 60_000;

/** Reports a peer whose connection was closed because it may not ask. Writes a line a minute at most. */
export function reportStrangers(log: Logger): (address: string | undefined) => void {
  let nextAt = 0;
  let unreported = 0;
  return (peer) => {
    const now = performance.now();
    if (now < nextAt) {
      unreported += 1;
      return;
    }
    nextAt = now + INTERVAL;
    log.warn(
      { peer, ...(unreported > 0 && { othersSinceLastLine: unreported }), fault: 'client' },
      'connection to the decisions listener closed: its peer is not in decisions.peers',
    );
    unreported = 0;
  };
}
