import type { Figure } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import { rotation } from '../load/rotation.ts';
import { askGatehouse } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

const COUNT = 200;
const PREFIX = '/api/v1';

/** What a long route table costs. */
export const routes: Figure = {
  name: 'routes',
  title: 'Many routes',
  method: `A gateway with ${COUNT} routes and one with a single route for all their paths, both asked for each path in rotation, in turns.`,
  async measure(scope, lab, { rounds, seconds }) {
    const upstream = lab.upstream.url;
    const paths = Array.from({ length: COUNT }, (_, i) => `${PREFIX}/service-${i + 1}`);
    const many = await startGatehouse(scope, lab, {
      name: 'many-routes',
      settings: { routes: paths.map((path, i) => ({ name: `service-${i + 1}`, path, upstream })) },
    });
    const one = await startGatehouse(scope, lab, {
      name: 'one-route',
      settings: { routes: [{ name: 'services', path: PREFIX, upstream }] },
    });
    const { token } = await issueToken(one);
    const authorization = `Bearer ${token}`;
    const script = await rotation(
      scope,
      paths.map((path) => ({ path: `${path}/7`, authorization })),
    );
    const measured = await inTurns(
      rounds,
      () => askGatehouse(scope, lab, many, { script, seconds }),
      () => askGatehouse(scope, lab, one, { script, seconds }),
    );
    return [rateRatio(measured, `${COUNT} routes ÷ one route`, 0.95)];
  },
};
