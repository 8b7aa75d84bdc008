import test from 'ava';
import { addressOf, forwardedElement, parseForwarded } from '../../gateway/fields/forwarded.ts';

for (const [node, address] of [
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:51234', '203.0.113.7'],
  ['"203.0.113.7:51234"', '203.0.113.7'],
  ['203.0.113.7:_port', '203.0.113.7'],
  ['2001:db8:1::7', '2001:db8:1::7'],
  ['[2001:db8:1::7]', '2001:db8:1::7'],
  ['[2001:DB8:1:0:0::7]:51234', '2001:db8:1::7'],
  ['"[2001:db8:1::7]:51234"', '2001:db8:1::7'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['[::FFFF:cb00:7107]:80', '203.0.113.7'],
  ['unknown', null],
  ['_hidden', null],
  ['', null],
  ['203.0.113.7:', null],
  ['203.0.113.7:123456', null],
  ['203.0.113.777', null],
  ['[203.0.113.7]', null],
  ['[2001:db8:1::7', null],
  ['2001:db8:1::7]:80', null],
  ['example.com:80', null],
  ['203.0.113.7 evil', null],
] as const) {
  test(`the node ${node === '' ? 'of no text' : node} is ${address ?? 'no address'}`, (t) =>
    t.is(addressOf(node), address));
}

test('the elements of Forwarded are read in their order, with names in any case and values in quotes', (t) => {
  t.deepEqual(
    parseForwarded('For="[2001:db8::7]:4711";proto=https;host="a.example:80", for=_x;by=b ,, for=10.0.0.1;'),
    [
      { for: '[2001:db8::7]:4711', proto: 'https', host: 'a.example:80' },
      { for: '_x', by: 'b' },
      { for: '10.0.0.1' },
    ] as object[],
  );
  t.deepEqual(parseForwarded('for="a\\"b"'), [{ for: 'a"b' }]);
});

test('a Forwarded field that is malformed says nothing', (t) => {
  for (const field of ['for', 'for=', 'for="x', 'for=1.1.1.1 for=2.2.2.2', 'for=[::1]', '=x', 'for=1.1.1.1, "x"']) {
    t.deepEqual(parseForwarded(field), [], field);
  }
});

test('an element of Forwarded has an IPv6 address in brackets and quotes', (t) => {
  t.is(forwardedElement('10.0.0.1'), 'for=10.0.0.1');
  t.is(forwardedElement('2001:db8::1'), 'for="[2001:db8::1]"');
});
