/**
 * The fields of an answer on a route whose CORS the gateway decides: without what the upstream says of it, since two
 * answers to one question make a browser refuse both, and the upstream's must not reach further than the gateway's. The
 * gateway's own are set on the response already.
 *
 * Who may read the answer depends on who asks. So it varies on `Origin`, also where no page asked: a cache may keep it
 * for one that does (Fetch standard, "CORS protocol and HTTP caches").
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

/** Among the names of the list, or "*", which stands for every field. */
const VARIES_ON_ORIGIN = /(?:^|,)[ \t]*(?:\*|origin)[ \t]*(?:,|$)/i;
