import test from 'ava';
import { compileAddresses, plainNetwork } from '../../gateway/http/address-set.ts';

for (const [network, inside, outside] of [
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0', '::ffff:b00:1', '::1', '', 'unknown']],
  ['203.0.113.7', ['203.0.113.7'], ['203.0.113.8']],
  ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::', '2001:db8::1']],
  ['::/0', ['::1', 'fe80::1%eth0'], ['203.0.113.7']],
  ['2001:DB8::/32', ['2001:db8::1', '2001:db8:ffff::'], ['2001:db9::1']],
  ['fe80::/10', ['fe80::1%eth0'], ['fec0::1']],
  ['::ffff:10.0.0.0/104', ['10.1.2.3'], ['11.0.0.0', '::a01:203']],
  ['::FFFF:a00:0/104', ['10.1.2.3'], ['11.0.0.0']],
  ['0:0:0:0:0:ffff:203.0.113.7', ['203.0.113.7'], ['203.0.113.8']],
  ['::ffff:0:0/96', ['203.0.113.7'], ['2001:db8::1']],
] as const) {
  test(`the network ${network} has its own addresses alone`, (t) => {
    const { has } = compileAddresses([network]);
    for (const address of inside) t.true(has(address), address);
    for (const address of outside) t.false(has(address), address);
  });
}

test('a network is written in its shortest form, one of IPv4-mapped addresses as the one of IPv4', (t) => {
  for (const [network, plain] of [
    ['203.0.113.7', '203.0.113.7'],
    ['10.0.0.0/08', '10.0.0.0/8'],
    ['2001:0DB8::0/32', '2001:db8::/32'],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:0:0/80', '::ffff:0:0/80'],
  ] as const) {
    t.is(plainNetwork(network), plain);
  }
});
