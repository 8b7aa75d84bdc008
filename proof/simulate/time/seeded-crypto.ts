import { randomBytes as trulyRandomBytes } from 'node:crypto';
import { presentScheduler } from './world.ts';

// biome-ignore lint/performance/noReExportAll: this takes the place of the module.
export * from 'node:crypto';

/** As of `node:crypto`, but of the seed within a simulation: a run can be repeated. */
export function randomBytes(size: number): Buffer {
  const scheduler = presentScheduler();
  if (scheduler === null) return trulyRandomBytes(size);
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at += 1) bytes[at] = scheduler.random.below(256);
  return bytes;
}

export function randomUUID(): string {
  const bytes = randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
