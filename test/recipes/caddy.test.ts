import { proxyCases } from '../support/recipes/cases.ts';

proxyCases('caddy', '0s', {
  losesChallenges: false,
  refusesItself: (target) => /%zz|%$/.test(target),
  readAs: (target) => target.replace(/^([^?]*)#/, '$1%23'),
  // `uri strip_prefix` merges slashes.
  respelled: (target) => (/^\/(?:orders|a)\//.test(target) ? target.replace(/\/{2,}/g, '/') : target),
});
