import type { SeenFailure } from './failures.ts';
import type { ConsoleSnapshot, RouteRow, ServerRow } from './snapshot.ts';

/** Bytes of a snapshot as JSON. */
export const MOST_BYTES = 4_096;
/** Names of what is down; there are fewer stores and clocks. */
const MOST_NAMES = 5;
const MOST_ROUTES = 20;
const MOST_SERVERS = 20;
const MOST_NEW_FAILURES = 5;
/** Characters of a name, path or detail. */
const LONGEST_NAME = 60;
const LONGEST_TEXT = 120;

/**
 * A snapshot of at most `MOST_BYTES` as JSON. Of routes, servers and failures it keeps the first ones (of failures, the newest), and says
 * how many more there are.
 */
export function fitted(full: ConsoleSnapshot): ConsoleSnapshot {
  let { routes, servers, newFailures } = shortLists(full);
  const names = {
    unavailable: full.unavailable.slice(0, MOST_NAMES).map(nameOf),
    configuration: { ...full.configuration, file: nameOf(full.configuration.file) },
  };
  for (;;) {
    const snapshot = {
      ...full,
      ...names,
      routes,
      moreRoutes: full.routes.length - routes.length,
      servers,
      moreServers: full.servers.length - servers.length,
      newFailures,
      moreFailures: full.newFailures.length - newFailures.length,
    };
    const isEmpty = routes.length === 0 && servers.length === 0 && newFailures.length === 0;
    if (isEmpty || Buffer.byteLength(JSON.stringify(snapshot)) <= MOST_BYTES) return snapshot;
    // The longest list gives way: each is of use with a few rows.
    const [failureBytes, serverBytes, routeBytes] = [newFailures, servers, routes].map(bytesOf) as Sizes;
    if (failureBytes >= serverBytes && failureBytes >= routeBytes) newFailures = newFailures.slice(1);
    else if (serverBytes >= routeBytes) servers = servers.slice(0, -1);
    else routes = routes.slice(0, -1);
  }
}

type Sizes = [number, number, number];

interface Lists {
  routes: readonly RouteRow[];
  servers: readonly ServerRow[];
  newFailures: readonly SeenFailure[];
}

function shortLists({ routes, servers, newFailures }: ConsoleSnapshot): Lists {
  return {
    routes: routes.slice(0, MOST_ROUTES).map((row) => ({ ...row, name: nameOf(row.name) })),
    servers: servers
      .slice(0, MOST_SERVERS)
      .map((row) => ({ ...row, group: nameOf(row.group), server: cut(row.server, LONGEST_TEXT) })),
    newFailures: newFailures.slice(-MOST_NEW_FAILURES).map((failure) => ({
      ...failure,
      path: cut(failure.path, LONGEST_TEXT),
      detail: cut(failure.detail, LONGEST_TEXT),
      route: failure.route === null ? null : nameOf(failure.route),
    })),
  };
}

function bytesOf(list: readonly unknown[]): number {
  return list.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(list));
}

function nameOf(text: string): string {
  return cut(text, LONGEST_NAME);
}

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 1).toWellFormed()}…`;
}
