import type { Figure } from '../harness/figure.ts';
import { issueToken, PASSWORD, startGatehouse } from '../harness/gatehouse.ts';
import { askGatehouse } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

/** What a password costs once it has been proven. */
export const passwords: Figure = {
  name: 'passwords',
  title: 'Password against token',
  method: 'One gateway, asked with email and password (proven once before) and with a token, in turns.',
  async measure(scope, lab, { rounds, seconds }) {
    const gatehouse = await startGatehouse(scope, lab, { name: 'passwords' });
    const { token } = await issueToken(gatehouse);
    const ask = (authorization: string) => askGatehouse(scope, lab, gatehouse, { headers: { authorization }, seconds });
    const measured = await inTurns(
      rounds,
      () => ask(PASSWORD),
      () => ask(`Bearer ${token}`),
    );
    return [rateRatio(measured, 'password ÷ token', 0.95)];
  },
};
