import { OperatorError } from '../../gateway/domain/errors.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { PATH } from '../harness/upstream.ts';
import { type Asked, askGatehouse } from './ask.ts';
import { eachRound, inTurns, medians } from './in-turns.ts';

const TOKENS_PATH = '/api/v1/tokens/';
const REFUSED = 401;

/** How quickly the gateway answers by itself, without an upstream. */
export const ownAnswers: Figure = {
  name: 'own-answers',
  title: 'Answers of its own',
  method: `The gateway alone: requests to a route without credentials, which get ${REFUSED}, and \`GET ${TOKENS_PATH}\` with a token, which lists the account's tokens out of the database, in turns.`,
  async measure(scope, lab, { rounds, seconds }) {
    const gatehouse = await startGatehouse(scope, lab, { name: 'own-answers' });
    const { token } = await issueToken(gatehouse);
    const headers = { authorization: `Bearer ${token}` };
    const status = async (path: string, fields: Record<string, string>) => {
      const answer = await fetch(gatehouse.url + path, { headers: fields });
      await answer.body?.cancel();
      return answer.status;
    };
    const statuses = [await status(PATH, {}), await status(TOKENS_PATH, headers)];
    if (statuses.join() !== `${REFUSED},200`) throw new OperatorError(`The gateway answered ${statuses}: no figure.`);
    const measured = await inTurns(
      rounds,
      () => askGatehouse(scope, lab, gatehouse, { seconds, expects: 'refusal' }),
      () => askGatehouse(scope, lab, gatehouse, { headers, seconds, path: TOKENS_PATH }),
    );
    const [refusalTime, listTime] = medians(measured, ({ cpuPerRequest }) => cpuPerRequest);
    const row = (what: string, value: Row['value'], microseconds: number): Row => ({
      what,
      value,
      unit: 'requests/s',
      aim: { kind: 'report' },
      note: `${microseconds.toFixed(1)} µs of CPU time each`,
    });
    const rate = (side: Asked) => side.rate;
    return [
      row(`${REFUSED} without credentials`, eachRound(measured, rate), refusalTime),
      row(
        'list of tokens',
        eachRound(measured, (_, list) => rate(list)),
        listTime,
      ),
    ];
  },
};
