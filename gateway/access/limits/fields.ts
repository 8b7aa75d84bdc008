import type { LimitSettings } from '../../settings/schema/settings.ts';

/** A name as a String of Structured Fields (RFC 9651 section 3.3.3). @param name printable ASCII */
export function fieldString(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`;
}

/** An item of `RateLimit-Policy`: the limit, and the seconds for which it is. @param quoted the name as a String */
export function policyItem(quoted: string, { requests, per }: LimitSettings): string {
  return `${quoted};q=${requests};w=${per / 1_000}`;
}

/**
 * An item of `RateLimit`: how many requests may still pass, and the seconds until one more may.
 *
 * @param wait milliseconds; null: never
 */
export function stateItem(quoted: string, left: number, wait: number | null): string {
  return wait === null ? `${quoted};r=${left}` : `${quoted};r=${left};t=${Math.ceil(wait / 1_000)}`;
}
