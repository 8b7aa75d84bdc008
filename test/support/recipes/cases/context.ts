import test, { type ExecutionContext } from 'ava';
import type { ProxyName } from '../../services/packaged.ts';
import { type Answer, type Asked, refusal } from '../ask.ts';
import type { ProxiedLab } from '../lab.ts';
import type { Received } from '../service.ts';

/** The differences between the proxies. */
export interface ProxyTraits {
  /** Whether a refusal's second `WWW-Authenticate` line is lost (nginx before 1.23). */
  readonly losesChallenges: boolean;
  /** Whether the proxy refuses a target by itself, before it asks. */
  refusesItself(target: string): boolean;
  /** The target that the proxy asks about in place of the client's. */
  readAs(target: string): string;
  /** The target that a service receives in place of the judged one, for what the proxy spells anew. */
  respelled(target: string): string;
}

/** What the cases of a proxy share. */
export interface ProxyCases {
  readonly proxy: ProxyName;
  /** The value of `decisions.cache`. */
  readonly cache: string;
  readonly traits: ProxyTraits;
  /** Once the tests have begun. */
  lab(): ProxiedLab;
  /** Declares a test. */
  through(what: string, run: (t: ExecutionContext) => Promise<void>): void;
  /** Asks on both ways. The client must get the same refusal. */
  refusedAlike(t: ExecutionContext, asked: Asked, status: number): Promise<void>;
  /** @returns what the service received */
  passed(t: ExecutionContext, asked: Asked): Promise<Received>;
}

export function proxyCasesIn(
  lab: () => ProxiedLab,
  { proxy, cache, traits }: Pick<ProxyCases, 'proxy' | 'cache' | 'traits'>,
): ProxyCases {
  const name = cache === '0s' ? proxy : `${proxy} with a cache of ${cache}`;

  const through = (what: string, run: (t: ExecutionContext) => Promise<void>) =>
    void test.serial(`${name}: ${what}`, run);

  const refusedAlike = async (t: ExecutionContext, asked: Asked, status: number) => {
    const before = lab().service.received.length;
    const [via, direct] = [await lab().viaProxy(asked), await lab().directly(asked)];
    const what = `${asked.method ?? 'GET'} ${asked.target} ${asked.authorization ?? ''}`;
    t.is(via.status, status, what);
    t.deepEqual(refusal(via), comparable(direct, via, traits), what);
    t.true(via.values('x-request-id').length === 1, what);
    t.is(lab().service.received.length, before, what);
  };

  const passed = async (t: ExecutionContext, asked: Asked): Promise<Received> => {
    const answer = await lab().viaProxy(asked);
    t.is(answer.status, 200, `${asked.target} ${answer.body}`);
    return lab().service.received.at(-1) as Received;
  };

  return { proxy, cache, traits, lab, through, refusedAlike, passed };
}

/** The refusal that a client of the proxy must get. */
function comparable(direct: Answer, via: Answer, { losesChallenges }: ProxyTraits): object {
  const [challenges, { length }] = [direct.values('www-authenticate'), via.values('www-authenticate')];
  return { ...refusal(direct), challenges: losesChallenges ? challenges.slice(0, Math.max(1, length)) : challenges };
}
