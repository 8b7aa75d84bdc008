import { nameAt, type RawFields, valueAt } from '../../fields/raw-fields.ts';

/**
 * Removes the upstream's `Access-Control-*` on a route whose CORS the gateway decides: a browser refuses an answer with two
 * of them, and the upstream must not allow more than the gateway does. The gateway's own are already set on the response.
 *
 * The answer varies on `Origin`, also where the request has none: a cache may keep it for a request that has one (Fetch
 * standard, "CORS protocol and HTTP caches").
 *
 * @returns `Vary` as one line, the upstream's names first
 */
export function withoutCors(fields: RawFields): string[] {
  const kept: string[] = [];
  const vary: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const name = nameAt(fields, at);
    const value = valueAt(fields, at);
    const lower = name.toLowerCase();
    if (lower === 'vary') vary.push(value);
    else if (!lower.startsWith('access-control-')) kept.push(name, value);
  }
  if (!VARIES_ON_ORIGIN.test(vary.join())) vary.push('Origin');
  kept.push('Vary', vary.join(', '));
  return kept;
}

/** `Origin` in the list, or `*`, which stands for every field. */
const VARIES_ON_ORIGIN = /(?:^|,)[ \t]*(?:\*|origin)[ \t]*(?:,|$)/i;
