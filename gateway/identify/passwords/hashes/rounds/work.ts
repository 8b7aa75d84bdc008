import { type PhpassWork, phpassDigest } from './phpass-digest.ts';
import { type ShaCryptWork, shaCryptDigest } from './sha-crypt-digest.ts';

/** A digest of a digest of a digest: a loop in JavaScript, since Node computes one digest at a time. */
export type RoundsWork = PhpassWork | ShaCryptWork;

/** Computes for milliseconds to seconds without a pause: only for a thread of its own. */
export function compute(work: RoundsWork): Buffer {
  return work.recipe === 'phpass' ? phpassDigest(work) : shaCryptDigest(work);
}
