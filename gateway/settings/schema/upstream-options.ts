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

const PEM = /-----BEGIN [A-Z0-9 ]+-----[^-]+-----END [A-Z0-9 ]+-----/;

function pem(what: string) {
  const error = `must be a ${what} in PEM form, such as "\${file:/etc/gatehouse/${what.replaceAll(' ', '-')}.pem}"`;
  return confidential((text) => (PEM.test(text) ? null : `is not PEM; ${error}`), error);
}

const server = z
  .preprocess(
    (value) => (typeof value === 'string' ? { url: value } : value),
    options({
      url: confidential(serverProblem, SERVER_FORM).describe('Base URL of one server, or unix:PATH for a socket.'),
      weight: wholeNumber(1, 1_000, 'a weight')
        .prefault(1)
        .describe('Its share of the requests, beside the weights of the others.'),
    }),
    // For the JSON Schema: may also be written as its URL alone.
  )
  .meta({ shorthand: true });

/** A named group of servers that do the same work, and how the gateway deals with them. */
export function upstreamOptions() {
  return options({
    servers: listOf(server, `must be a list of servers, each ${SERVER_FORM}`)
      .refine((servers) => servers.length > 0, { error: `is an empty list; each server ${SERVER_FORM}` })
      .describe('The servers: each a URL, or a map with url and weight.'),
    balance: oneOf('round-robin', 'least-outstanding')
      .prefault('round-robin')
      .describe('Who is next: each in turn, or whoever has the fewest unanswered requests for its weight.'),
    connections: wholeNumber(1, 65_535, 'a number of connections')
      .prefault(1_024)
      .describe('The most that a process has in use to each server: for requests, streams and WebSockets.'),
    connectionWait: wait()
      .prefault('3s')
      .describe('How long a request waits for one of them, where all are in use, until it is answered with 503.'),
    connectionAge: wait()
      .prefault('1m')
      .describe('After which a connection is replaced by a new one, to where the name of the server then leads.'),
    http2: flag()
      .prefault(false)
      .describe('Whether to speak HTTP/2: to https servers that offer it, and to http servers without asking.'),
    tls: options({
      ca: pem('certificate')
        .exactOptional()
        .describe('The authorities that sign its certificates; else the usual ones.'),
      certificate: pem('certificate').exactOptional().describe('The certificate that the gateway shows.'),
      key: pem('private key').exactOptional().describe('The private key of that certificate.'),
      serverName: matching(/^[A-Za-z0-9.-]+$/, 'must be a host name, such as orders.internal')
        .exactOptional()
        .describe("The name that the certificate must have, in place of the host's."),
    })
      .prefault({})
      .describe('For https servers.'),
    eject: options({
      failures: wholeNumber(1, 1_000, 'a number of failures')
        .prefault(3)
        .describe('Connections refused or cut, deadlines missed and bad answers, one after the other, before a pause.'),
      pause: wait()
        .prefault('1s')
        .describe('The first pause; each further one without a success between is twice as long.'),
      maxPause: wait().prefault('1m').describe('The longest pause.'),
    })
      .prefault({})
      .describe('When a server gets no requests for a while.'),
    health: options({
      path: matching(new RegExp(`^(?:\\/|${SEGMENTS})$`), `must be a path such as /health: ${PLAIN_PATH}`).describe(
        'What is asked for with GET.',
      ),
      interval: wait().prefault('5s').describe('Between two checks of a server.'),
      timeout: wait().prefault('2s').describe('Within which it must have answered.'),
      status: listOf(
        z.preprocess(
          (value) => (typeof value === 'number' ? String(value) : value),
          textThat(isStatusRange, 'must be a status or a range of them, such as 200 or 200-299'),
        ),
        'must be a list of statuses or ranges of them, such as [200-299, 404]',
      )
        .prefault(['200-299'])
        .describe('The statuses of a server that is well.'),
    })
      .exactOptional()
      .describe('Asks each server from time to time; one that fails twice gets no requests until it is well again.'),
    retries: options({
      attempts: wholeNumber(0, 10, 'a number of further attempts')
        .prefault(2)
        .describe('Further attempts at a request that reached no server, or is idempotent and got no answer.'),
      budget: wholeNumber(0, 100, 'a percentage')
        .prefault(20)
        .describe('The most that retries may add to the requests, in percent.'),
    })
      .prefault({})
      .describe('What is tried again.'),
  });
}

export type UpstreamSettings = z.output<ReturnType<typeof upstreamOptions>>;
