import { proxyCases } from '../support/recipes/cases.ts';

const TRAITS = {
  losesChallenges: true,
  refusesItself: (target: string) => /%zz|%$|%00/.test(target),
  readAs: (target: string) => target,
  respelled: (target: string) => target,
};

proxyCases('nginx', '0s', TRAITS);
proxyCases('nginx', '2s', TRAITS);
