import { inScope } from '../../test/lab/open-scope.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { spreadOf } from '../harness/statistics.ts';
import { liveMemory } from '../load/live-memory.ts';
import { askGatehouse } from './ask.ts';
import { CONNECTIONS, settle, startIdleGatehouse, WEB_SOCKETS } from './idle-gatehouse.ts';

const WARM_UP_SECONDS = 2;
const KILOBYTE = 1_024;
/** Kilobytes of a keep-alive connection. */
const AIM = 6;

/** Of one gateway at one moment, in bytes. */
interface Memory {
  /** Objects and buffers, after a full garbage collection. */
  readonly live: number;
  /** Proportional set size. */
  readonly resident: number;
}

/** Of one gateway, one after the other. */
interface Stages {
  readonly empty: Memory;
  readonly withConnections: Memory;
  readonly withBoth: Memory;
}

/** What connections on which nothing goes on take of the memory. */
export const idleMemory: Figure = {
  name: 'idle-memory',
  title: 'Memory of idle connections',
  method: `${CONNECTIONS.toLocaleString('en')} keep-alive connections that have done one request each, and then ${WEB_SOCKETS} WebSockets beside them that have said nothing: growth ÷ their number. Live is what objects and buffers take after a full garbage collection; resident is the gateway's own memory (PSS), in which they may lie where V8 had room already, and so seem to take less. Each round with a new gateway, after ${WARM_UP_SECONDS} seconds of other requests.`,
  async measure(scope, lab, { rounds }) {
    const measured: Stages[] = [];
    for (let round = 0; round < rounds; round++) {
      await inScope(scope, async (own) => {
        const { of: liveOf, ...node } = liveMemory(own);
        const { gatehouse, authorization, ...idle } = await startIdleGatehouse(own, lab, node);
        const memory = async (): Promise<Memory> => {
          await settle();
          return { live: await liveOf(gatehouse.pid), resident: gatehouse.memory() };
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
    const row = (what: string, aim: Row['aim'], bytes: (one: Stages) => number): Row => ({
      what,
      value: spreadOf(measured.map((one) => bytes(one) / KILOBYTE)),
      unit: 'KB',
      aim,
      note: '',
    });
    const kinds = ['live', 'resident'] as const;
    return kinds.flatMap((kind) => [
      row(`each connection, ${kind}`, { kind: 'at most', value: AIM }, ({ empty, withConnections }) => {
        return (withConnections[kind] - empty[kind]) / CONNECTIONS;
      }),
      row(`each WebSocket, ${kind}`, { kind: 'report' }, ({ withConnections, withBoth }) => {
        return (withBoth[kind] - withConnections[kind]) / WEB_SOCKETS;
      }),
    ]);
  },
};
