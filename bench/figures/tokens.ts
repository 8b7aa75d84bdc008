import { randomUUID } from 'node:crypto';
import { UNRESTRICTED } from '../../gateway/domain/identity.ts';
import { tokenSigner } from '../../gateway/signing/token.ts';
import { sqlTokenStore } from '../../gateway/stores/tokens/store.ts';
import { BOB } from '../../test/lab/gateways/gateway.ts';
import type { Figure } from '../harness/figure.ts';
import { startGatehouse } from '../harness/gatehouse.ts';
import { type Lab, SECRET } from '../harness/lab.ts';
import { PATH } from '../harness/upstream.ts';
import { rotation } from '../load/rotation.ts';
import { askGatehouse } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

const COUNT = 10_000;
/** Insertions under way at the same time. */
const AT_ONCE = 500;
/** Seconds: a token must outlive the measurement. */
const LIFETIME = 3_600;

/** What it costs that every request comes with another token. */
export const tokens: Figure = {
  name: 'tokens',
  title: 'Many tokens',
  method: `${COUNT} tokens of one account, each issued and recorded by the gateway's own modules, sent in rotation, against one of them, in turns. The gateway remembers 50,000 proven credentials, so that each was verified in full once, in the warm-up.`,
  async measure(scope, lab, { rounds, seconds }) {
    const gatehouse = await startGatehouse(scope, lab, { name: 'tokens' });
    const requests = (await issueTokens(lab)).map((token) => ({ path: PATH, authorization: `Bearer ${token}` }));
    const many = await rotation(scope, requests);
    const one = await rotation(scope, requests.slice(0, 1));
    const ask = (script: string) => askGatehouse(scope, lab, gatehouse, { script, seconds });
    for (let warm = 0; warm < COUNT; ) warm += (await ask(many)).requests;
    const measured = await inTurns(
      rounds,
      () => ask(many),
      () => ask(one),
    );
    return [rateRatio(measured, `${COUNT.toLocaleString('en')} tokens in rotation ÷ one token`, 0.9)];
  },
};

async function issueTokens({ gateways: { accounts, database } }: Lab): Promise<string[]> {
  // Not Ada, who gets tokens in other figures: with so many, she could get no more.
  const bob = await accounts.findByLogin(BOB.email);
  if (bob === null) throw new TypeError('the laboratory has no Bob');
  const { sign } = tokenSigner({ secrets: [SECRET], maxLifetime: LIFETIME * 1_000 });
  const { record } = sqlTokenStore(database);
  // Not by the issue of tokens, which keeps one account from having so many.
  const issue = async () => {
    const [jti, issuedAt] = [randomUUID(), Math.floor(Date.now() / 1_000)];
    const times = { issuedAt: issuedAt * 1_000, expiresAt: (issuedAt + LIFETIME) * 1_000 };
    await record({ jti, accountId: bob.id, name: null, ...times, bond: null, ...UNRESTRICTED });
    return sign(bob, { jti, issuedAt, lifetime: LIFETIME, ...UNRESTRICTED });
  };
  const issued: string[] = [];
  while (issued.length < COUNT) {
    const some = Array.from({ length: AT_ONCE }, issue);
    issued.push(...(await Promise.all(some)));
  }
  return issued;
}
