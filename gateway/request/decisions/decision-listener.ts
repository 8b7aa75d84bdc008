import type { RequestRecord } from '../../domain/request-record.ts';
import type { Logger } from '../../ops/log.ts';
import { logRequest } from '../access-log.ts';
import { createListener, type Listener, type ListenerTimeouts } from '../listener.ts';
import type { Decide } from './decide.ts';
import { createOnSubrequest, type OnDecided } from './on-subrequest.ts';
import { PlainDecision } from './plain-decision.ts';
import { reportStrangers } from './strangers.ts';

export interface DecisionListenerDeps {
  readonly log: Logger;
  readonly meter: { decided(record: RequestRecord): void };
  /** May change between two requests. */
  readonly decide: Decide;
  /** Whether a peer may ask. */
  mayAsk(socketAddress: string | undefined): boolean;
  readonly timeouts: ListenerTimeouts;
}

/** Creates the listener that decides for other proxies. */
export function createDecisionListener({ log, meter, decide, mayAsk, timeouts }: DecisionListenerDeps): Listener {
  const reportStranger = reportStrangers(log);
  const onDecided: OnDecided = (record, status) => {
    meter.decided(record);
    logRequest(log, record, status);
  };
  return createListener({
    log,
    meter: { answered: meter.decided },
    senderOf: (address = '', forwarding) => ({ peer: { address, trusted: false }, client: address, forwarding }),
    peerOf: (address = '') => address,
    strictTransport: () => null,
    takesPeer(address) {
      if (mayAsk(address)) return true;
      reportStranger(address);
      return false;
    },
    onRequest: createOnSubrequest(decide, onDecided),
    onUpgrade: null,
    acceptPlain: (connection, head) => new PlainDecision(decide, onDecided, connection, head),
    timeouts,
  });
}
