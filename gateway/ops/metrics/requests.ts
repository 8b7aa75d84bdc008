import { Counter, Gauge, type Registry } from 'prom-client';
import type { Fault } from '../../domain/errors.ts';
import type { RequestRecord } from '../../domain/request-record.ts';
import { turnTime } from '../../domain/turn-time.ts';
import { durations, type Series } from './durations.ts';

/** Node accepts some thirty more methods, for which a client must not create new series. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'other'] as const;
const PLACES: ReadonlyMap<string, number> = new Map(METHODS.map((method, place) => [method, place]));
const OTHER = METHODS.length - 1;
const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;
const FAULTS: readonly Fault[] = ['client', 'gateway', 'upstream', 'database', 'redis'];

/** The label of requests without a route. */
const NO_ROUTE = 'none';

export interface RequestMetrics {
  /** A request other than a WebSocket handshake has arrived. */
  began(): void;
  /** The request has ended. @param status as in its log line */
  ended(record: RequestRecord, status: number): void;
  /** A WebSocket handshake has been answered. */
  answered(record: RequestRecord, status: number): void;
  webSocketOpened(): void;
  webSocketClosed(): void;
}

/**
 * Counts requests as clients see them. Every label value is a name in the configuration or from a fixed list.
 */
export function requestMetrics(registry: Registry): RequestMetrics {
  let inFlight = 0;
  let webSockets = 0;
  const registers = [registry];

  const requests = durations<'route' | 'method' | 'status'>(registry, {
    name: 'gatehouse_request_duration_seconds',
    help: 'From the head of a request to the end of its answer; of a WebSocket handshake, to its answer.',
  });
  const failures = new Counter({
    name: 'gatehouse_request_failures_total',
    help: 'Requests that failed, also after their answer had begun, by whose fault it was.',
    labelNames: ['route', 'fault'],
    registers,
  });
  new Gauge({
    name: 'gatehouse_requests_in_flight',
    help: 'Requests whose answer is not complete, without WebSockets.',
    registers,
    collect() {
      this.set(inFlight);
    },
  });
  new Gauge({
    name: 'gatehouse_websockets_open',
    help: 'Open WebSockets.',
    registers,
    collect() {
      this.set(webSockets);
    },
  });

  const known = new Map<string, Series[]>();
  const seriesFor = (route: string, method: string, status: number): Series => {
    const methodPlace = PLACES.get(method) ?? OTHER;
    // An upstream may send any three digits as a status.
    const classPlace = Math.min(Math.floor(status / 100), CLASSES.length) - 1;
    const place = methodPlace * CLASSES.length + classPlace;
    let ofRoute = known.get(route);
    if (ofRoute === undefined) {
      ofRoute = [];
      known.set(route, ofRoute);
      // Exported from the first request on, so that the first failure of each kind shows as an increase.
      for (const fault of FAULTS) failures.inc({ route, fault }, 0);
    }
    ofRoute[place] ??= requests.series({
      route,
      method: METHODS[methodPlace] ?? 'other',
      status: CLASSES[classPlace] ?? '5xx',
    });
    return ofRoute[place];
  };

  const answered = (record: RequestRecord, status: number) => {
    const route = record.route ?? NO_ROUTE;
    seriesFor(route, record.method, status).observe((turnTime() - record.startedAt) / 1000);
    if (record.failure !== null) failures.inc({ route, fault: record.failure.fault });
  };

  return {
    began() {
      inFlight += 1;
    },
    ended(record, status) {
      inFlight -= 1;
      answered(record, status);
    },
    answered,
    webSocketOpened() {
      webSockets += 1;
    },
    webSocketClosed() {
      webSockets -= 1;
    },
  };
}
