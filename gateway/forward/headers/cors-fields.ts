/**
 * Removes the upstream's `Access-Control-*` on a route whose CORS the gateway decides: a browser refuses an answer with two
 * of them, and the upstream must not allow more than the gateway does. The gateway's own are already set on the response.
 *
 * The answer varies on `Origin`, also where the request has none: a cache may keep it for a request that has one (Fetch
 * standard, "CORS protocol and HTTP caches").
 *
 * @param fields flat; `Vary` comes out as one line, the upstream's names first
 */
export function withoutCors(fields: readonly string[]): string[] {
  const kept: string[] = [];
  const vary: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const value = fields[i + 1] as string;
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
