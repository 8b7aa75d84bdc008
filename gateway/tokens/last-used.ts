import type { Database } from '../database/connection.ts';

/** Remembers when tokens were used, coarsely: a request costs an entry in memory, and each minute a write or two. */
export interface LastUsed {
  /** The token was accepted now. */
  note(jti: string): void;
  /** Writes down what has been noted. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

const INTERVAL = 60_000;
/** Tokens in one statement. */
const BATCH = 500;

export function trackLastUsed({ sql, ask }: Database): LastUsed {
  let used = new Set<string>();

  const flush = async () => {
    const ids = [...used];
    used = new Set();
    const now = Date.now();
    for (let i = 0; i < ids.length; i += BATCH) {
      const batch = ids.slice(i, i + BATCH);
      try {
        await ask(sql('gatehouse_tokens').whereIn('jti', batch).update({ last_used_at: now }));
      } catch {
        // The database is out, which others report: once more with the next ones.
        for (const jti of ids.slice(i)) used.add(jti);
        return;
      }
    }
  };

  const timer = setInterval(() => void flush(), INTERVAL).unref();
  return {
    note: (jti) => void used.add(jti),
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
