import type { Scope } from '../../../test/lab/scope.ts';
import type { Campaign, Search } from '../campaign.ts';
import { type Finding, firstOf } from '../finding.ts';
import { scenarioBytes } from './generate.ts';
import { HeapWatch } from './heap.ts';
import { answersIn, judgeAnswers, type Known } from './judge-answers.ts';
import { judgeConnection, judgeRequests, type Sent } from './judge-requests.ts';
import { fillRequest, PLACE } from './marks.ts';
import { STRICT } from './message-lines.ts';
import { openPlace, type Place } from './place.ts';
import { exchange, type Received } from './raw-clients.ts';
import { readRequests } from './read-requests.ts';
import { type Scenario, scenarioOf } from './scenario.ts';

/** Behind what each client sends: it ends the connection where nothing is wrong. */
const LAST = `GET /api/v1/direct/${PLACE.nextMark}/last HTTP/1.1\r\nHost: gateway.test\r\nAuthorization: ${PLACE.credential}\r\nConnection: close\r\n\r\n`;

/** Several clients on raw sockets, a whole gateway, and upstreams that may be hostile. */
export const GATEWAY: Campaign = { name: 'gateway', open: openSearch };

async function openSearch(scope: Scope): Promise<Search> {
  const place = await openPlace(scope);
  const faults: string[] = [];
  const onFault = (error: unknown) => void faults.push(error instanceof Error ? (error.stack ?? '') : String(error));
  // A warning tells of too many listeners, mostly.
  for (const event of ['uncaughtException', 'unhandledRejection', 'warning']) {
    process.on(event, onFault);
    scope.teardown(() => process.off(event, onFault));
  }
  const heap = new HeapWatch();
  let run = 0;
  return {
    generate: scenarioBytes,
    async compare(bytes, seed) {
      run += 1;
      heap.look(run);
      return play(place, scenarioOf(bytes), run, seed % 16 === 0, faults);
    },
    conclude: () => heap.conclude(),
  };
}

async function play(
  { fast, slow, raw, http2 }: Place,
  { hasFastPath, answers, clients }: Scenario,
  run: number,
  isPatient: boolean,
  faults: string[],
): Promise<Finding> {
  const { gateway, credentials } = hasFastPath ? fast : slow;
  raw.begin(answers);
  http2.begin();
  gateway.log.length = 0;
  faults.length = 0;
  const streams = clients.flatMap((text, client) => {
    const own = credentials[client];
    return own === undefined ? [] : [fillRequest(text + LAST, run, client, [own[0].value, own[1].value])];
  });
  const received = await Promise.all(streams.map((stream) => exchange(gateway.port, stream, isPatient)));
  // The log lines of the last answers.
  await new Promise((resolve) => void setImmediate(resolve));

  const senders = streams.map((stream, client): Sent => {
    const { requests, rest } = readRequests(stream.replaceAll(PLACE.cut, ''), STRICT);
    return { client, run, requests, hasRest: rest !== 'nothing', credentials: credentials[client] ?? [] };
  });
  const arrived = [...raw.arrived, ...http2.arrived].sort((a, b) => a.serial - b.serial);
  const known: Known = {
    arrived: new Map(arrived.map((request) => [request.serial, request])),
    logged: new Map(gateway.log.map((line) => [String(line.id), line])),
  };
  const internal = gateway.log.find(({ error }) => error === 'internal_error');
  const difference = firstOf(
    faults[0] === undefined ? null : `uncaught: ${faults[0]}`,
    internal === undefined ? null : `an internal error: ${JSON.stringify(internal)}`,
    raw.faults[0] === undefined ? null : `a strict upstream refuses ${raw.faults[0]}`,
    judgeRequests(arrived, senders),
    ...raw.connections().map(judgeConnection),
    ...(raw.hasRaced ? [] : senders.map((sender, i) => judgeAnswers(received[i] as Received, sender, known))),
  );
  const statuses = received
    .slice(0, 1)
    .flatMap(({ bytes }) => answersIn(bytes, known).answers.map(({ status }) => status));
  const kind = [...new Set(statuses)].sort().join(', ');
  return { kind: `${hasFastPath ? 'fast path' : 'Node'}: ${kind}`, difference };
}
