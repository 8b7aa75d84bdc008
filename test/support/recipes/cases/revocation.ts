import { holds } from '../../../lab/waiting/condition.ts';
import { PASSWORD, type ProxiedLab } from '../lab.ts';
import type { ProxyCases } from './context.ts';

/** Tokens that are revoked while they are used. */
const REVOCATIONS = 20;
const LOAD_LIMIT = 30_000;

/** When a revocation takes effect. */
export function revocationCases({ cache, lab, through }: ProxyCases): void {
  through('revoked tokens are refused, under load', async (t) => {
    const tokens = await Promise.all(Array.from({ length: REVOCATIONS }, () => issueVia(lab())));
    const { length: logged } = lab().gateway.log;
    const answers: { token: string; sentAt: number; status: number }[] = [];
    let [isOver, next] = [false, 0];
    const client = async () => {
      while (!isOver) {
        const token = tokens[next++ % tokens.length] ?? '';
        const sentAt = performance.now();
        const { status } = await lab().viaProxy({ target: '/api/v1/things/7', authorization: token });
        answers.push({ token, sentAt, status });
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await holds('every token has passed twice', () => answers.length > 2 * REVOCATIONS + 8, LOAD_LIMIT);
    t.true(answers.every(({ status }) => status === 200));
    const revokedAt = new Map<string, number>();
    for (const authorization of tokens) {
      const { status } = await lab().viaProxy({ method: 'DELETE', target: '/api/v1/tokens/current', authorization });
      t.is(status, 204);
      revokedAt.set(authorization, performance.now());
    }
    const refused = () => new Set(answers.filter(({ status }) => status === 401).map(({ token }) => token)).size;
    await holds('every token is refused', () => refused() === REVOCATIONS, LOAD_LIMIT);
    isOver = true;
    await Promise.all(clients);
    const kept = cache === '0s' ? 0 : Number.parseInt(cache, 10) * 1000 + 1000;
    const after = answers.map((answer) => ({ ...answer, late: answer.sentAt - (revokedAt.get(answer.token) ?? 0) }));
    const accepted = after.filter(({ status, late }) => status === 200 && late > 0);
    t.deepEqual(
      accepted.filter(({ late }) => late > kept),
      [],
    );
    if (kept > 0) {
      const decided = lab()
        .gateway.log.slice(logged)
        .filter(({ decision }) => decision === 'things').length;
      t.true(accepted.length > 0, 'a yes was kept');
      t.true(decided < answers.length, `${decided} decisions on ${answers.length} requests`);
    }
  });
}

/** @returns the value of `Authorization` with a new token of Ada's */
async function issueVia(lab: ProxiedLab): Promise<string> {
  const { body } = await lab.viaProxy({ method: 'POST', target: '/api/v1/tokens/', authorization: PASSWORD });
  return `Bearer ${(JSON.parse(body) as { token: string }).token}`;
}
