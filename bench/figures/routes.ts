import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Figure, Plan, Row } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { rotation } from '../load/rotation.ts';
import { ROUTE_SETS, type RouteSet } from '../load/route-sets.ts';
import { askGatehouse } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

const COUNT = 200;
const PREFIX = '/api/v1';
const flat: RouteSet = {
  name: '',
  paths: Array.from({ length: COUNT }, (_, i) => `${PREFIX}/service-${i + 1}`),
};

/** What a long route table costs. */
export const routes: Figure = {
  name: 'routes',
  title: 'Many routes',
  method: `A gateway with many routes and one with a single route for all their paths, both asked for each path in rotation, in turns: ${COUNT} services side by side, and sets with the number and the shape of routes of known APIs.`,
  async measure(scope, lab, plan) {
    const rows: Row[] = [];
    for (const set of [flat, ...ROUTE_SETS]) rows.push(await inScope(scope, (own) => compare(own, lab, set, plan)));
    return rows;
  },
};

async function compare(scope: Scope, lab: Lab, { name, paths }: RouteSet, { rounds, seconds }: Plan): Promise<Row> {
  const upstream = lab.upstream.url;
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
  const requests = paths.map((path) => ({ path: `${path}/7`, authorization }));
  const script = await rotation(scope, requests);
  const measured = await inTurns(
    rounds,
    () => askGatehouse(scope, lab, many, { script, seconds }),
    () => askGatehouse(scope, lab, one, { script, seconds }),
  );
  const like = name === '' ? '' : ` like those of ${name}’s API`;
  return rateRatio(measured, `${paths.length} routes${like} ÷ one route`, 0.95);
}
