import { mock } from 'node:test';
import test from 'ava';
import { pino } from 'pino';
import { watchCertificates } from '../../gateway/cli/certificate-watch.ts';
import type { LogLine } from '../lab/gateways/gateway.ts';
import { EXPIRED_SERVER, type KeyPair, SERVER, WILDCARD } from '../support/stores/certificates.ts';

const DAY = 86_400_000;
/** When `SERVER` expires. */
const END = Date.parse('2126-01-01T00:00:00Z');

function listening(...pairs: KeyPair[]) {
  const tls = pairs.map(({ cert, key }) => ({ certificate: cert, key, minVersion: '1.2' as const }));
  return { listen: { port: 0, fastPath: true, proxyProtocol: false, tls } };
}

test.serial('a certificate is warned of from 14 days before its end, once a day, with its names and the day', (t) => {
  mock.timers.enable({ apis: ['Date', 'setInterval'], now: END - 15.5 * DAY });
  t.teardown(() => mock.timers.reset());
  const lines: LogLine[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) });
  const watch = watchCertificates(listening(SERVER), log);
  t.teardown(watch.stop);
  mock.timers.tick(DAY);
  t.deepEqual(lines, []);
  mock.timers.tick(DAY);
  t.is(lines.length, 1);
  t.like(lines[0], {
    ...{ level: 40, option: 'listen.tls[0].certificate', names: ['db.test', 'localhost', '127.0.0.1'], days: 13 },
    expires: '2126-01-01T00:00:00.000Z',
  });
  for (let day = 0; day < 13; day += 1) mock.timers.tick(DAY);
  t.deepEqual(
    lines.map(({ days }) => days),
    [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
  );
  mock.timers.tick(DAY);
  t.like(lines.at(-1), { level: 50, msg: 'certificate expired: clients refuse the connection; renew it' });
  watch.use(listening(WILDCARD));
  const { length } = lines;
  mock.timers.tick(DAY);
  t.is(lines.length, length, 'the other certificate is valid for months');
});

test.serial('a reload warns at once of a certificate that is new, and not again of one that was there', (t) => {
  const lines: LogLine[] = [];
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as LogLine) });
  const watch = watchCertificates(listening(SERVER, EXPIRED_SERVER), log);
  t.teardown(watch.stop);
  t.is(lines.length, 1);
  t.like(lines[0], { level: 50, option: 'listen.tls[1].certificate' });
  watch.use(listening(EXPIRED_SERVER, SERVER));
  t.is(lines.length, 1);
});
