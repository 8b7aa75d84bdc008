import test from 'ava';
import { randomHex } from '../../gateway/http/random-hex.ts';

/** Digits that are surely more than are made at a time. */
const MORE_THAN_SUPPLY = 20_000;

test('it has as many digits as were asked for, in lower case, wherever in the supply they lie', (t) => {
  for (const digits of [1, 7, 16, 31, 32, 33, 64]) {
    for (let made = 0; made < MORE_THAN_SUPPLY; made += digits) {
      const hex = randomHex(digits);
      if (hex.length !== digits || !/^[\da-f]+$/.test(hex)) return t.fail(`${digits} digits: ${hex}`);
    }
  }
  t.pass();
});

test('none of a hundred thousand comes twice', (t) => {
  const seen = new Set<string>();
  for (let i = 0; i < 100_000; i++) seen.add(randomHex(32));
  t.is(seen.size, 100_000);
});

test('no two share digits, also where one is the last of a supply', (t) => {
  const halves = new Set<string>();
  for (let i = 0; i < 2_000; i++) {
    const hex = randomHex(48);
    for (let place = 0; place < 48; place += 24) halves.add(hex.slice(place, place + 24));
  }
  t.is(halves.size, 4_000);
});

test('each digit comes at each place about as often', (t) => {
  const made = 16_000;
  const counts = Array.from({ length: 32 }, () => new Map<string, number>());
  for (let i = 0; i < made; i++) {
    for (const [place, digit] of [...randomHex(32)].entries()) {
      counts[place]?.set(digit, (counts[place].get(digit) ?? 0) + 1);
    }
  }
  // A thousand are expected of each: ten standard deviations are 310.
  for (const count of counts.flatMap((ofPlace) => [...ofPlace.values()])) t.true(Math.abs(count - 1_000) < 310);
  t.true(counts.every((ofPlace) => ofPlace.size === 16));
});
