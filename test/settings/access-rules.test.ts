import test from 'ava';
import { problemsOf } from './problems.ts';

const route = (requires: string, more = '') =>
  `routes: [{ name: a, path: /api/v1/a, upstream: "http://127.0.0.1:9000", requires: ${requires}${more} }]`;
const SCOPES = 'scopes: { "orders:read": See orders, "orders:write": { text: Change orders, groups: [staff] } }\n';
const ADOPTED = 'accounts: { table: users, confirmedWhen: "1 = 1" }\n';

const REFUSED: [text: string, key: string, message: RegExp][] = [
  [SCOPES + route('{ scopes: [orders:raed] }'), 'routes[0].requires.scopes[0]', /did you mean "orders:read"\?/],
  [SCOPES + route('{ scopes: [reports] }'), 'routes[0].requires.scopes[0]', /the scopes are orders:read, orders:write/],
  [route('{ scopes: [reports] }'), 'routes[0].requires.scopes[0]', /there is none/],
  [SCOPES + route('{ groups: [Staff] }'), 'routes[0].requires.groups[0]', /differs only by case from "staff"/],
  [route('{ groups: [content editors] }'), 'routes[0].requires.groups[0]', /letters, digits/],
  [route(`{ groups: [${'a'.repeat(65)}] }`), 'routes[0].requires.groups[0]', /at most 64/],
  [route('{ groups: [] }'), 'routes[0].requires.groups', /empty list/],
  [route('{ scopes: [] }'), 'routes[0].requires.scopes', /empty list/],
  [route('{}'), 'routes[0].requires', /must have scopes or groups/],
  [
    'routes: [{ name: a, path: /a, upstream: "http://127.0.0.1:9000", auth: none, requires: { groups: [staff] } }]',
    'routes[0].requires',
    /auth: none/,
  ],
  [ADOPTED + route('{ groups: [staff] }'), 'routes[0].requires.groups[0]', /nobody can pass by this group/],
  [`${ADOPTED}${SCOPES}${route('{ scopes: [orders:read] }')}`, 'scopes["orders:write"].groups[0]', /nobody can have/],
  [`scopes: { "a b": See }\n${route('{ groups: [a] }')}`, 'scopes["a b"]', /letters, digits/],
  [
    `scopes: { a: { text: See, groups: [] } }\n${route('{ groups: [a] }')}`,
    'scopes.a.groups',
    /no account can satisfy/,
  ],
  [`scopes: { a: "" }\n${route('{ groups: [a] }')}`, 'scopes.a', /line of text/],
];

for (const [text, key, message] of REFUSED) {
  test(`refused, once, with what would be right: ${text}`, (t) => {
    const problems = problemsOf(text);
    t.deepEqual(
      problems.map(({ at }) => at.slice(at.indexOf(' ') + 1)),
      [key],
    );
    t.regex(problems[0]?.message ?? '', message);
  });
}
