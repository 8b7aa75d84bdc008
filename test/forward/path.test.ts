import test from 'ava';
import { GatewayError } from '../../gateway/domain/errors.ts';
import { upstreamAddress, upstreamTarget } from '../../gateway/forward/path.ts';

const CASES: [path: string, query: string, stripPrefix: string | undefined, expected: string][] = [
  ['/api/v1/x', '', undefined, '/api/v1/x'],
  ['/api/v1/x', '?', undefined, '/api/v1/x?'],
  ['/api/v1/x', '?a=b', '/api/v1', '/x?a=b'],
  ['/api/v1', '?a', '/api/v1', '/?a'],
  ['/api/v1', '', '/api/v1', '/'],
  ['/api/v1/', '', '/api/v1', '/'],
  ['/api/v1/x//y%2F/', '', '/api', '/v1/x//y%2F/'],
];

for (const [path, query, stripPrefix, expected] of CASES) {
  test(`${path}${query} less ${stripPrefix ?? 'nothing'} is ${expected}`, (t) => {
    t.is(upstreamTarget({ path, query }, stripPrefix === undefined ? {} : { stripPrefix }), expected);
  });
}

test('the address of an upstream is taken apart', (t) => {
  t.like(upstreamAddress('http://x:9/base/'), { origin: 'http://x:9', host: 'x:9', basePath: '/base' });
  t.like(upstreamAddress('https://x'), { origin: 'https://x', host: 'x', basePath: '', socketPath: null });
  t.like(upstreamAddress('unix:/run/x'), { origin: 'unix:/run/x', host: 'localhost', socketPath: '/run/x' });
});

test('a target that would begin with two slashes is refused, since many read a host behind them', (t) => {
  t.throws(() => upstreamTarget({ path: '/api//evil/x', query: '' }, { stripPrefix: '/api' }), {
    instanceOf: GatewayError,
  });
});
