import type { Figure, Row } from '../harness/figure.ts';
import { inScope } from '../harness/scope.ts';
import { spreadOf } from '../harness/statistics.ts';
import { askGatehouse } from './ask.ts';
import { CONNECTIONS, settle, startIdleGatehouse, WEB_SOCKETS } from './idle-gatehouse.ts';

const WARM_UP_SECONDS = 2;
const KILOBYTE = 1_024;

/** Of one gateway, in bytes. */
interface Memory {
  readonly empty: number;
  readonly withConnections: number;
  readonly withBoth: number;
}

/** What connections on which nothing goes on take of the memory. */
export const idleMemory: Figure = {
  name: 'idle-memory',
  title: 'Memory of idle connections',
  method: `${CONNECTIONS.toLocaleString('en')} keep-alive connections that have done one request each, and then ${WEB_SOCKETS} WebSockets beside them that have said nothing: growth of the gateway's own memory (PSS) ÷ their number. Each round with a new gateway, after ${WARM_UP_SECONDS} seconds of other requests.`,
  async measure(scope, lab, { rounds }) {
    const measured: Memory[] = [];
    for (let round = 0; round < rounds; round++) {
      await inScope(scope, async (own) => {
        const { gatehouse, authorization, ...idle } = await startIdleGatehouse(own, lab);
        const memory = async () => {
          await settle();
          return gatehouse.memory();
        };
        await askGatehouse(own, lab, gatehouse, { headers: { authorization }, seconds: WARM_UP_SECONDS });
        const empty = await memory();
        const connections = await idle.openConnections();
        const withConnections = await memory();
        // Beside them and not after them: what they took would be there for the next to take.
        const webSockets = await idle.openWebSockets();
        measured.push({ empty, withConnections, withBoth: await memory() });
        await idle.closeAll(connections, webSockets);
      });
    }
    const row = (what: string, bytes: (one: Memory) => number): Row => ({
      what,
      value: spreadOf(measured.map((one) => bytes(one) / KILOBYTE)),
      unit: 'KB',
      aim: { kind: 'report' },
      note: '',
    });
    return [
      row('each connection', ({ empty, withConnections }) => (withConnections - empty) / CONNECTIONS),
      row('each WebSocket', ({ withConnections, withBoth }) => (withBoth - withConnections) / WEB_SOCKETS),
    ];
  },
};
