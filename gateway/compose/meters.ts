import type { RequestRecord } from '../domain/request-record.ts';
import type { RequestMeter } from '../request/access-log.ts';

/** A request, or a decision for another proxy, has ended. @param status as for `logRequest` */
export type OnEnded = (record: RequestRecord, status: number) => void;

/** The meters of requests, and of decisions for other proxies. */
export interface Meters {
  readonly requests: RequestMeter;
  readonly decisions: { readonly decided: OnEnded };
}

/** The same meters, which tell `onEnded` too. */
export function tellingAlso({ requests, decisions }: Meters, onEnded: OnEnded): Meters {
  const both =
    (measure: OnEnded): OnEnded =>
    (record, status) => {
      measure(record, status);
      onEnded(record, status);
    };
  return {
    requests: { ...requests, ended: both(requests.ended), answered: both(requests.answered) },
    decisions: { decided: both(decisions.decided) },
  };
}
