import test from 'ava';
import { GatewayError } from '../../gateway/errors.ts';
import { upstreamTarget } from '../../gateway/forward/path.ts';

const CASES: [path: string, query: string, stripPrefix: string | undefined, basePath: string, expected: string][] = [
  ['/api/v1/x', '', undefined, '', '/api/v1/x'],
  ['/api/v1/x', '?', undefined, '/base', '/base/api/v1/x?'],
  ['/api/v1/x', '?a=b', '/api/v1', '', '/x?a=b'],
  ['/api/v1', '?a', '/api/v1', '', '/?a'],
  ['/api/v1', '', '/api/v1', '/base', '/base/'],
  ['/api/v1/', '', '/api/v1', '', '/'],
  ['/api/v1/x//y%2F/', '', '/api', '', '/v1/x//y%2F/'],
];

for (const [path, query, stripPrefix, basePath, expected] of CASES) {
  test(`${path}${query} less ${stripPrefix ?? 'nothing'} behind "${basePath}" is ${expected}`, (t) => {
    t.is(upstreamTarget({ path, query }, stripPrefix === undefined ? {} : { stripPrefix }, basePath), expected);
  });
}

test('a target that would begin with two slashes is refused, since many read a host behind them', (t) => {
  for (const basePath of ['', '/base']) {
    t.throws(() => upstreamTarget({ path: '/api//evil/x', query: '' }, { stripPrefix: '/api' }, basePath), {
      instanceOf: GatewayError,
    });
  }
});
