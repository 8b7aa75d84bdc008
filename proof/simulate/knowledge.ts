import { streamKey } from '../../gateway/revocation/denylist.ts';
import type { Process } from './process.ts';
import { PREFIX } from './service.ts';
import type { World } from './world.ts';

/** What an acknowledged act has revoked. */
interface Acknowledged {
  readonly id: number;
  readonly at: number;
  readonly ids: readonly string[];
  readonly cutoff: { readonly account: string; readonly voidBefore: number } | null;
  /** Whether the id or the cutoff alone is enough. */
  readonly either: boolean;
}

/** An entry of the stream. */
interface Published {
  readonly installation?: string;
  readonly jti?: string;
  readonly accountId?: string;
  readonly voidBefore?: number;
}

/** Milliseconds for which acts are kept that a loss may concern. */
const KEPT = 180_000;

/**
 * Who knows which acknowledged revocations: docs/outages.md promises that one survives the loss of the database as long as a
 * running process or Redis knows it.
 */
export class Knowledge {
  readonly #world: World;
  #acts: Acknowledged[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  revoked(id: number, jti: string): void {
    this.#add({ id, at: this.#world.now, ids: [jti], cutoff: null, either: false });
  }

  /** The token was revoked already, by its id or with its account. @param issuedAt milliseconds since 1970 */
  revokedBefore(id: number, jti: string, account: string, issuedAt: number): void {
    const cutoff = { account, voidBefore: issuedAt + 1 };
    this.#add({ id, at: this.#world.now, ids: [jti], cutoff, either: true });
  }

  ended(id: number, account: string, voidBefore: number, ids: readonly string[]): void {
    this.#add({ id, at: this.#world.now, ids, cutoff: { account, voidBefore }, either: false });
  }

  /** Nothing is promised of revocations that nothing knows now. Call when something was lost. */
  review(): void {
    const lost = this.missing();
    if (lost.length === 0) return;
    const isPublished = this.#published();
    const processes = this.#world.ready();
    for (const act of lost) {
      const known = holds(
        act,
        (jti) => isPublished(jti, 0) || processes.some(({ service }) => service?.revocations.mirror.isDenied(jti)),
        (cutoff) =>
          isPublished(cutoff.account, cutoff.voidBefore) || processes.some((process) => knowsCutoff(process, cutoff)),
      );
      if (known) continue;
      this.#world.note(`nothing knows the act ${act.id} any more`);
      this.#world.auditor.forgets(act.id);
      this.#acts = this.#acts.filter((one) => one !== act);
    }
  }

  /** Acts whose revocations the database lacks. */
  missing(): Acknowledged[] {
    const rows = this.#world.sql.look('select jti, account_id, void_before from gatehouse_revocations');
    const ids = new Set(rows.map(({ jti }) => jti));
    const cutoffs = new Map<unknown, number>();
    for (const { account_id, void_before } of rows) {
      if (account_id !== null) cutoffs.set(account_id, Math.max(cutoffs.get(account_id) ?? 0, Number(void_before)));
    }
    return this.#acts.filter(
      (act) =>
        !holds(
          act,
          (jti) => ids.has(jti),
          ({ account, voidBefore }) => (cutoffs.get(account) ?? 0) >= voidBefore,
        ),
    );
  }

  #add(act: Acknowledged): void {
    this.#acts = this.#acts.filter(({ at }) => at > act.at - KEPT);
    this.#acts.push(act);
  }

  /** Whether the stream has the revocation of a token, or of an account up to a cutoff, of this installation. */
  #published(): (subject: string, voidBefore: number) => boolean {
    const found = new Map<string, number>();
    const [own] = this.#world.sql.look('select installation from gatehouse_revocation_head');
    for (const [, fields] of this.#world.redis.content.entries(streamKey(PREFIX))) {
      const entry = JSON.parse(fields[1] ?? '{}') as Published;
      if (entry.installation !== own?.installation) continue;
      const subject = entry.jti ?? entry.accountId;
      if (subject !== undefined) found.set(subject, Math.max(found.get(subject) ?? 0, entry.voidBefore ?? 0));
    }
    return (subject, voidBefore) => (found.get(subject) ?? -1) >= voidBefore;
  }
}

/** Whether what the act has revoked is known. */
function holds(
  { ids, cutoff, either }: Acknowledged,
  knowsId: (jti: string) => boolean,
  knows: (cutoff: NonNullable<Acknowledged['cutoff']>) => boolean,
): boolean {
  const [byId, byCutoff] = [ids.every(knowsId), cutoff === null || knows(cutoff)];
  return either ? byId || byCutoff : byId && byCutoff;
}

function knowsCutoff({ service }: Process, cutoff: Acknowledged['cutoff']): boolean {
  return cutoff !== null && (service?.revocations.mirror.cutoffOf(cutoff.account) ?? 0) >= cutoff.voidBefore;
}
