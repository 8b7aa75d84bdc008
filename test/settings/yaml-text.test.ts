import test from 'ava';
import { problemsOf, ROUTES } from './problems.ts';

const MISTAKES: readonly [name: string, text: string, at: string, message: RegExp][] = [
  ['an empty file', '', '1:1', /^the file is empty; must be a map.*"routes" is required/],
  ['only comments', '# nothing\n', '1:1', /the file is empty/],
  ['a list at the top', '- a\n', '1:1', /a list or a single value, not a map/],
  ['a tab', 'log:\n\tlevel: info\n', '2:1', /a tab is used as indentation; YAML allows only spaces/],
  ['an open quote', 'api: { realm: "hunter2\n', '2:1', /not valid YAML/],
  ['a second colon', `log: level: hunter2\n${ROUTES}`, '1:6', /a second ": " belongs to this value/],
  ['a pattern without quotes', `log: *.a.b\n${ROUTES}`, '1:6', /a host pattern must be in quotes: "\*\.a\.b"$/],
  ['an unknown anchor', `log: *nope\n${ROUTES}`, '1:6', /there is no anchor &nope before the alias \*nope/],
  ['two documents', `${ROUTES}---\n${ROUTES}`, '2:1', /a second document begins here/],
  ['a tag', `log: !env LEVEL\n${ROUTES}`, '1:6', /tags that begin with "!"/],
  ['a key that is a list', `? [a]\n: 1\n${ROUTES}`, '1:3', /keys must be text/],
  ['an unquoted variable in a map', `listen: { port: \${PORT} }\n${ROUTES}`, '1:18', /must be in quotes/],
  ['an unquoted variable in a list', `trustedProxies: [\${PROXY}]\n${ROUTES}`, '1:19', /must be in quotes/],
  ['a reserved character', `log: { level: @info }\n${ROUTES}`, '1:15', /put the value in quotes/],
  ['a stray bracket', 'log: {}\n]hunter2\n', '2:1', /not valid YAML: Unexpected flow-seq-end token in YAML \w+$/],
  ['a merge of a value', `log: { <<: hunter2 }\n${ROUTES}`, '1:8', /"<<" merges maps; must be an alias of a map/],
  ['a merge of a list of values', `<<: [{}, 5]\n${ROUTES}`, '1:1', /"<<" merges maps/],
  ['a merge of a map into itself', `log: &log { <<: *log }\n${ROUTES}`, '1:13', /merges a map into itself/],
  ['a merge of an outer map', `log: &log { a: { <<: [*log] } }\n${ROUTES}`, '1:18', /merges a map into itself/],
  ['a name that programs cannot keep', `limits: { __proto__: {} }\n${ROUTES}`, '1:11', /__proto__ cannot be used/],
  ['a text out of line', '  log: 1\n hunter2: 2\n', '2:2', /not valid YAML/],
];

for (const [name, text, at, message] of MISTAKES) {
  test(`${name} is told once, with its place`, (t) => {
    const problems = problemsOf(text);
    t.deepEqual(
      problems.map((problem) => problem.at),
      [at],
    );
    t.regex(problems[0]?.message ?? '', message);
    t.notRegex(problems[0]?.message ?? '', /hunter2/);
  });
}

test('a duplicate key is told beside the other problems', (t) => {
  const text = `log: { level: info }\nlog: { level: loud }\nlisten: { prot: 1 }\n${ROUTES}`;
  const problems = problemsOf(text);
  t.deepEqual(
    problems.map(({ at }) => at),
    ['2:1', '2:15 log.level', '3:11 listen.prot'],
  );
  t.regex(problems[0]?.message ?? '', /the key log is in this map already/);
});

test('a problem behind a syntax error is told in its line', (t) => {
  t.deepEqual(
    problemsOf(`: \na: {}a\n a:`).map(({ at }) => at),
    ['2:6', '3:3'],
  );
});

test('too many brackets are refused as such', (t) => {
  t.like(problemsOf('['.repeat(20_000)), [{ message: 'lists or maps are nested too deeply here' }]);
});

test('an empty key that occurs twice is told', (t) => {
  t.like(problemsOf(`log: { : 1, : 2 }\n${ROUTES}`)[0], {
    message: 'the key here is in this map already; each key may occur once',
  });
});

test('aliases that multiply without bound are refused, many plain ones are not', (t) => {
  const nested = ['b', 'c', 'd', 'e'].map((name, index) => {
    const before = String.fromCharCode(97 + index);
    return `${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]\n`;
  });
  const problems = problemsOf(`a: &a [x, x]\n${nested.join('')}${ROUTES}`);
  t.is(problems.length, 1);
  t.regex(problems[0]?.message ?? '', /aliases of aliases multiply/);

  const many = Array.from({ length: 300 }, (_, n) => `  - { name: r${n}, path: /r${n}, upstream: *to }\n`);
  t.deepEqual(problemsOf(`routes:\n  - { name: first, path: /first, upstream: &to http://x }\n${many.join('')}`), []);
});

test('an alias that contains itself is refused as what it is', (t) => {
  t.like(problemsOf(`log: &log [*log]\n${ROUTES}`), [{ at: '1:11 log' }]);
});

test('a problem of a merged value is told where the value stands', (t) => {
  const text = 'routes:\n  - &a { name: a, path: /a, upstream: x }\n  - { <<: *a, name: b, path: /b }\n';
  t.deepEqual(
    problemsOf(text).map(({ at }) => at),
    ['2:39 routes[0].upstream', '2:39 routes[1].upstream'],
  );
});
