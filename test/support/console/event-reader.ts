import type { ConsoleSnapshot } from '../../../gateway/ops/console/snapshot.ts';
import type { Scope } from '../../lab/scope.ts';

/** A client of `/console/events`. */
export interface EventReader {
  readonly response: Response;
  /** Resolves with the next snapshot; null: the stream is over. */
  next(): Promise<ConsoleSnapshot | null>;
  /** Resolves with the first snapshot of which the condition holds. */
  until(condition: (snapshot: ConsoleSnapshot) => boolean): Promise<ConsoleSnapshot>;
  stop(): void;
}

/** Bytes of the longest event that has arrived. */
export interface Measured {
  longest: number;
}

export async function readEvents(t: Scope, opsUrl: string, measured: Measured = { longest: 0 }): Promise<EventReader> {
  const ending = new AbortController();
  const response = await fetch(`${opsUrl}/console/events`, { signal: ending.signal });
  t.teardown(() => ending.abort());
  const snapshots = snapshotsIn(response, measured);
  const next = async () => {
    const { value, done } = await snapshots.next();
    return done === true ? null : value;
  };
  return {
    response,
    next,
    async until(condition) {
      for (;;) {
        const snapshot = await next();
        if (snapshot === null) throw new Error('the stream has ended');
        if (condition(snapshot)) return snapshot;
      }
    },
    stop: () => ending.abort(),
  };
}

async function* snapshotsIn(response: Response, measured: Measured): AsyncGenerator<ConsoleSnapshot, void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const event = text.slice(0, end);
      text = text.slice(end + 2);
      if (!event.startsWith('data: ')) continue;
      measured.longest = Math.max(measured.longest, Buffer.byteLength(event.slice('data: '.length)));
      yield JSON.parse(event.slice('data: '.length)) as ConsoleSnapshot;
    }
  }
}
