import type { RequestRecord } from '../../domain/request-record.ts';
import type { Logger } from '../../ops/log.ts';
import { logRequest } from '../access-log.ts';
import { onlyListedPeers } from '../connections/listed-peers.ts';
import { createListener, type Listener, type ListenerTimeouts } from '../listener.ts';
import type { Decide } from './decide.ts';
import { createOnSubrequest, type OnDecided } from './on-subrequest.ts';
import { PlainDecision } from './plain-decision.ts';

export interface DecisionListenerDeps {
  readonly log: Logger;
  /** @param status that the proxy was told */
  readonly meter: { decided(record: RequestRecord, status: number): void };
  /** May change between two requests. */
  readonly decide: Decide;
  /** Whether a peer may ask. */
  mayAsk(socketAddress: string | undefined): boolean;
  readonly timeouts: ListenerTimeouts;
}

/** Creates the listener that decides for other proxies. */
export function createDecisionListener({ log, meter, decide, mayAsk, timeouts }: DecisionListenerDeps): Listener {
  const onDecided: OnDecided = (record, status) => {
    meter.decided(record, status);
    logRequest(log, record, status);
  };
  return createListener({
    log,
    meter: { answered: meter.decided },
    senderOf: (address = '', forwarding) => ({
      peer: { address, trusted: false, usesTls: false },
      client: address,
      forwarding,
    }),
    peerOf: (address = '') => address,
    strictTransport: () => null,
    stages: [
      onlyListedPeers(mayAsk, log, 'connection to the decisions listener closed: its peer is not in decisions.peers'),
    ],
    onRequest: createOnSubrequest(decide, onDecided),
    onUpgrade: null,
    acceptPlain: (connection, head) => new PlainDecision(decide, onDecided, connection, head),
    timeouts,
  });
}
