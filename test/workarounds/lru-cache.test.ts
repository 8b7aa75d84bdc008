import test from 'ava';
import { LRUCache } from 'lru-cache';
import { atMost } from '../../gateway/workarounds/lru-cache-capacity.ts';

// A test that fails here after an update says that lru-cache has changed: the workaround may go, or must be written anew.

function placesOf(cache: LRUCache<number, object>): number {
  return LRUCache.unsafeExposeInternals(cache).keyList.length;
}

test('lru-cache makes places for all entries in advance, and with atMost for those that it has', (t) => {
  t.is(placesOf(new LRUCache({ max: 1_000 })), 1_000);
  const cache = new LRUCache<number, object>(atMost(1_000));
  t.is(placesOf(cache), 0);
  for (let key = 0; key < 10; key += 1) cache.set(key, {});
  t.is(placesOf(cache), 10);
});

test('with atMost, the entry that was used least recently makes room for another', (t) => {
  const cache = new LRUCache<number, object>({ ...atMost(3), ttl: 60_000 });
  for (const key of [1, 2, 3]) cache.set(key, {});
  cache.get(1);
  for (const key of [4, 4, 5]) cache.set(key, {});
  t.deepEqual([...cache.keys()].sort(), [1, 4, 5]);
});
