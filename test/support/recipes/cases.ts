import test from 'ava';
import { fileScope } from '../../lab/scope.ts';
import type { ProxyName } from '../services/packaged.ts';
import { type ProxyTraits, proxyCasesIn } from './cases/context.ts';
import { identityCases } from './cases/identity.ts';
import { messageCases } from './cases/messages.ts';
import { outageCases } from './cases/outages.ts';
import { preflightCases } from './cases/preflights.ts';
import { refusalCases } from './cases/refusals.ts';
import { revocationCases } from './cases/revocation.ts';
import { routeCases } from './cases/routes.ts';
import { targetCases } from './cases/targets.ts';
import { type ProxiedLab, proxiedLab } from './lab.ts';

/**
 * Declares the tests that are the same for each proxy, which has the printed recipe as it is.
 *
 * @param cache the value of `decisions.cache`
 */
export function proxyCases(proxy: ProxyName, cache: string, traits: ProxyTraits): void {
  const scope = fileScope();
  let lab: ProxiedLab;

  test.before(async () => {
    lab = await proxiedLab(scope, proxy, cache);
  });

  const cases = proxyCasesIn(() => lab, { proxy, cache, traits });
  identityCases(cases);
  routeCases(cases);
  refusalCases(cases);
  preflightCases(cases);
  targetCases(cases);
  messageCases(cases);
  revocationCases(cases);
  outageCases(cases);
}
