import type { Random } from '../../random.ts';
import { mutate } from '../mutations.ts';
import { answerScript } from './answer-scripts.ts';
import { clientStream } from './client-streams.ts';
import { bytesOf } from './scenario.ts';

/** A scenario: clients of different accounts, and the answers of the upstream; many of them wrong. */
export function scenarioBytes(random: Random): Buffer {
  const answers = Array.from({ length: random.below(4) }, () => answerScript(random));
  const clients = Array.from({ length: 1 + random.below(4) }, () => clientStream(random));
  const bytes = bytesOf({ hasFastPath: !random.once(3), answers, clients });
  return random.once(4) ? mutate(random, bytes) : bytes;
}
