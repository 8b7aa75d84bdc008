import type { Figure } from '../harness/figure.ts';
import { askGatehouse } from './ask.ts';
import { CONNECTIONS, settle, startIdleGatehouse, WEB_SOCKETS } from './idle-gatehouse.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

/** Seconds of one load: the gateway closes a connection after 75 without a request. */
const LONGEST = 30;

/** Whether connections on which nothing goes on slow down the others. */
export const idleRate: Figure = {
  name: 'idle-rate',
  title: 'Rate beside idle connections',
  method: `One gateway, with ${CONNECTIONS.toLocaleString('en')} idle keep-alive connections and ${WEB_SOCKETS} idle WebSockets and without any, in turns.`,
  async measure(scope, lab, { rounds, seconds }) {
    const { gatehouse, authorization, ...idle } = await startIdleGatehouse(scope, lab);
    const ask = async () => {
      await settle();
      const headers = { authorization };
      return await askGatehouse(scope, lab, gatehouse, { headers, seconds: Math.min(seconds, LONGEST) });
    };
    const askBesideThem = async () => {
      const [connections, webSockets] = [await idle.openConnections(), await idle.openWebSockets()];
      const asked = await ask();
      await idle.closeAll(connections, webSockets);
      return asked;
    };
    const measured = await inTurns(rounds, askBesideThem, ask);
    return [rateRatio(measured, 'with idle connections ÷ without', 0.95)];
  },
};
