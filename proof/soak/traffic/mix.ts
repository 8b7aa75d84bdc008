import type { Random } from '../../random.ts';
import { leave, webSocket } from './connections.ts';
import { decision } from './decisions.ts';
import { pages } from './pages.ts';
import {
  deadToken,
  guess,
  misdirected,
  unconfirmed,
  unknownAccount,
  withoutCredentials,
  wrongPassword,
} from './refusals.ts';
import {
  failing,
  getWithPassword,
  getWithToken,
  largeAnswer,
  legacy,
  limited,
  type Operation,
  open,
  post,
  preflight,
  stream,
} from './requests.ts';
import { issue, list, revoke, revokeAll } from './token-life.ts';

const KB = 1_024;
/** Milliseconds. */
const LONGEST_WEB_SOCKET = 60_000;

export const longWebSocket = webSocket(LONGEST_WEB_SOCKET);

/** How many of a thousand requests are of each kind; the rest are plain requests with tokens. */
export const MIX: readonly (readonly [number, Operation])[] = [
  [100, getWithPassword],
  [80, post('small body', 4 * KB)],
  [15, post('64 KB', 64 * KB)],
  [1, post('1 MB', KB * KB)],
  [15, largeAnswer],
  [10, stream],
  [20, legacy],
  [20, limited],
  [20, open],
  [10, preflight],
  [10, failing],
  [10, withoutCredentials],
  [5, wrongPassword],
  [1, guess],
  [4, unknownAccount],
  [5, unconfirmed],
  [10, deadToken],
  [8, misdirected],
  [30, issue],
  [14, revoke],
  [1, revokeAll],
  [3, list],
  [2, pages],
  [20, decision],
  [4, longWebSocket],
  [10, leave],
];

export function anyOperation(random: Random): Operation {
  let place = random.below(1_000);
  for (const [share, operation] of MIX) {
    if (place < share) return operation;
    place -= share;
  }
  return getWithToken;
}
