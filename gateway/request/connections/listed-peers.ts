import type { Logger } from '../../ops/log.ts';
import { rarely } from './rare-lines.ts';
import type { Stage } from './stages.ts';

/**
 * Closes the connections of peers that are not listed.
 *
 * @param isListed may give another answer for a later connection
 * @param message for the log, a line a minute at most
 */
export function onlyListedPeers(
  isListed: (socketAddress: string | undefined) => boolean,
  log: Logger,
  message: string,
): Stage {
  const write = rarely<'unlisted'>(log);
  return (socket, next) => {
    const { remoteAddress } = socket;
    if (isListed(remoteAddress)) return next(socket);
    write('unlisted', { peer: remoteAddress, fault: 'client' }, message);
    socket.destroy();
  };
}
