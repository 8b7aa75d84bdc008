import test from 'ava';
import { pino } from 'pino';
import type { FeedEntry } from '../../gateway/revocation/denylist.ts';
import { trackEntries } from '../../gateway/revocation/entry-tracker.ts';
import { createMirror } from '../../gateway/revocation/mirror.ts';

function voiding(installation: string, position: number): FeedEntry {
  const voidBefore = 1_000;
  const chains = { previous: `chain ${position - 1}`, chain: `chain ${position}` };
  return {
    kind: 'account',
    installation,
    position,
    ...chains,
    accountId: '5',
    voidBefore,
    expiresAt: Date.now() + 60_000,
  };
}

test('an entry of another installation is ignored, also while the history is read again', (t) => {
  const mirror = createMirror(() => {});
  let reads = 0;
  const entries = trackEntries(mirror, pino({ level: 'silent' }), () => {
    reads += 1;
  });
  mirror.advance({ installation: 'own', position: 4, chain: 'chain 4' });
  entries.handle(voiding('other', 5));
  mirror.restart();
  entries.handle(voiding('other', 6));
  t.deepEqual([mirror.cutoffOf('5'), reads], [0, 0]);
  entries.handle(voiding('own', 7));
  t.deepEqual([mirror.cutoffOf('5'), reads], [1_000, 1]);
});
