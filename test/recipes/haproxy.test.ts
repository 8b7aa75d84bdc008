import { proxyCases } from '../support/recipes/cases.ts';

proxyCases('haproxy', '0s', {
  losesChallenges: false,
  refusesItself: (target) => target.includes('#'),
  readAs: (target) => target,
  respelled: (target) => target,
});
