import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../test/lab/scope.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { type Gatehouse, issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { askGatehouse } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

/** What spans of requests cost. */
export const tracing: Figure = {
  name: 'tracing',
  title: 'Tracing against none',
  method:
    'Gateways that differ only in `tracing`, asked with a token, in turns. The collector is a server in the process of the bench, which accepts every batch at once.',
  async measure(scope, lab, { rounds, seconds }) {
    const url = await startCollector(scope);
    const start = async (name: string, settings: Record<string, unknown>) => {
      const gatehouse = await startGatehouse(scope, lab, { name, settings });
      return { gatehouse, authorization: `Bearer ${(await issueToken(gatehouse)).token}` };
    };
    const untraced = await start('untraced', {});
    const ask = ({ gatehouse, authorization }: { gatehouse: Gatehouse; authorization: string }) =>
      askGatehouse(scope, lab, gatehouse, { headers: { authorization }, seconds });
    const rows: Row[] = [];
    for (const sample of ['0%', '1%']) {
      const traced = await start(`traced-${sample.replace('%', '')}`, { tracing: { url, sample } });
      const measured = await inTurns(
        rounds,
        () => ask(traced),
        () => ask(untraced),
      );
      rows.push(rateRatio(measured, `${sample} of the requests sampled ÷ no tracing`, 0.98));
    }
    return rows;
  },
};

/** @returns its URL */
async function startCollector(scope: Scope): Promise<string> {
  const server = createServer((req, res) => {
    req.resume().on('end', () => res.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  scope.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
