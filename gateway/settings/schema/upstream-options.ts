import { z } from 'zod';
import { isStatusRange, SERVER_FORM, serverProblem } from './addresses.ts';
import {
  confidential,
  flag,
  listOf,
  matching,
  oneOf,
  options,
  PLAIN_PATH,
  SEGMENTS,
  textThat,
  wait,
  wholeNumber,
} from './formats.ts';
import { tlsOptions } from './tls-options.ts';

const server = z
  .preprocess(
    (value) => (typeof value === 'string' ? { url: value } : value),
    options({
      url: confidential(serverProblem, SERVER_FORM).describe('Base URL of one server, or unix:PATH for a socket.'),
      weight: wholeNumber(1, 1_000, 'a weight')
        .prefault(1)
        .describe('Its share of the requests, relative to the other weights.'),
    }),
  )
  // Tells the JSON Schema that the URL alone is allowed too.
  .meta({ shorthand: true });

/** The options of a named group of servers for the same service. */
export function upstreamOptions() {
  return options({
    servers: listOf(server, `must be a list of servers, each ${SERVER_FORM}`)
      .refine((servers) => servers.length > 0, { error: `is an empty list; each server ${SERVER_FORM}` })
      .describe('The servers: each a URL, or a map with url and weight.'),
    balance: oneOf('round-robin', 'least-outstanding')
      .prefault('round-robin')
      .describe(
        'The server of the next request: each in turn, or the one with the fewest open requests for its weight.',
      ),
    connections: wholeNumber(1, 65_535, 'a number of connections')
      .prefault(1_024)
      .describe('The maximum number of connections of one process to each server, WebSockets included.'),
    connectionWait: wait().prefault('3s').describe('How long a request waits for a free connection before 503.'),
    connectionAge: wait()
      .prefault('1m')
      .describe('The age at which a connection is replaced by a new one, with a new DNS lookup.'),
    http2: flag()
      .prefault(false)
      .describe('Whether to use HTTP/2: with https servers that offer it (ALPN), and with all http servers.'),
    tls: tlsOptions().prefault({}).describe('TLS to https servers.'),
    eject: options({
      failures: wholeNumber(1, 1_000, 'a number of failures')
        .prefault(3)
        .describe(
          'Consecutive failures before a pause: refused or broken connections, missed deadlines, invalid responses.',
        ),
      pause: wait().prefault('1s').describe('The first pause. Each further pause doubles until a request succeeds.'),
      maxPause: wait().prefault('1m').describe('The longest pause.'),
    })
      .prefault({})
      .describe('Passive health checks: a failing server gets no requests for a pause.'),
    health: options({
      path: matching(new RegExp(`^(?:\\/|${SEGMENTS})$`), `must be a path such as /health: ${PLAIN_PATH}`).describe(
        'The path of the GET request.',
      ),
      interval: wait().prefault('5s').describe('Between two checks of a server.'),
      timeout: wait().prefault('2s').describe('The timeout of a check.'),
      status: listOf(
        z.preprocess(
          (value) => (typeof value === 'number' ? String(value) : value),
          textThat(isStatusRange, 'must be a status or a range of them, such as 200 or 200-299'),
        ),
        'must be a list of statuses or ranges of them, such as [200-299, 404]',
      )
        .prefault(['200-299'])
        .describe('The statuses of a healthy server.'),
    })
      .exactOptional()
      .describe('Active health checks: a server that fails two in a row gets no requests until it is healthy again.'),
    retries: options({
      attempts: wholeNumber(0, 10, 'a number of further attempts')
        .prefault(2)
        .describe(
          'The maximum number of retries, if no server received the request, or it is idempotent and got no response.',
        ),
      budget: wholeNumber(0, 100, 'a percentage')
        .prefault(20)
        .describe('The maximum number of retries in percent of the requests.'),
    })
      .prefault({})
      .describe('Retries.'),
  });
}

export type UpstreamSettings = z.output<ReturnType<typeof upstreamOptions>>;
