import type { Knowledge } from './knowledge.ts';
import type { Process } from './process.ts';
import { PREFIX } from './service.ts';
import type { World } from './world.ts';

/** What has not recovered yet; null: everything has. */
export function unrecovered(world: World, knowledge: Knowledge, denylist: DenylistWatch): string | null {
  for (const { name, process } of world.nodes) {
    if (process.isDead || process.service === null) return `${name} has not started`;
    const lacking = lackingAt(world, process);
    if (lacking !== null) return `${process.name} ${lacking}`;
  }
  const [missing] = knowledge.missing();
  if (missing !== undefined) return `the database lacks the revocations of the act ${missing.id}`;
  return unmarked(world) ?? denylist.lacks();
}

function lackingAt(world: World, { service }: Process): string | null {
  if (service === null) return null;
  const { mirror, database } = service.revocations;
  const { completeTo } = mirror;
  if (mirror.age() > 1_500) return `last read the revocations ${Math.round(mirror.age())} ms ago`;
  if (!database.isUp) return 'takes the database for down';
  const [head] = world.sql.look('select position, chain from gatehouse_revocation_head');
  if (completeTo?.position !== head?.position || completeTo?.chain !== head?.chain)
    return `knows the revocations up to ${completeTo?.position}, not to ${head?.position}`;
  for (const row of world.sql.look('select jti, account_id, void_before from gatehouse_revocations')) {
    const knows =
      row.jti === null
        ? mirror.cutoffOf(String(row.account_id)) >= Number(row.void_before)
        : mirror.isDenied(String(row.jti));
    if (!knows) return `lacks a revocation of the database: ${JSON.stringify(row)}`;
  }
  return null;
}

/** Milliseconds after the cutoff until the revocation of an account is settled (`mark-voided.ts`), and of the next look. */
const SETTLED = 30_000 + 10_000;

/** The records of revoked tokens are marked. */
function unmarked(world: World): string | null {
  const [unsettled] = world.sql.look(
    `select position from gatehouse_revocations where is_settled = 0 and void_before < sysdate() - ${SETTLED}`,
  );
  if (unsettled !== undefined) return `the revocation ${unsettled.position} is not settled`;
  const [token] = world.sql.look(
    `select t.jti, r.position from gatehouse_tokens t join gatehouse_revocations r
      on r.jti = t.jti or (r.account_id = t.account_id and t.issued_at < r.void_before)
      where t.revoked_at is null and r.is_settled = 1 limit 1`,
  );
  return token === undefined
    ? null
    : `the record of ${token.jti} is not marked as revoked, and the revocation ${token.position} is settled`;
}

/** Watches the denylist for other programs. */
export interface DenylistWatch {
  /** The first id that it lacks; null: it is complete, as far as docs/outages.md promises it. */
  lacks(): string | null;
  /** A revocation may not have been written to Redis: its process has died, or does not know of it. */
  mayBeUnwritten(): void;
  /** It has been looked at, and is complete: what it has now must stay. */
  isComplete(): void;
}

export function watchDenylist(world: World): DenylistWatch {
  let kept = new Set<unknown>();
  let isStrict = true;
  const denied = () =>
    world.sql.look('select jti from gatehouse_tokens where revoked_at is not null').map(({ jti }) => jti);
  const isThere = (jti: unknown) => world.redis.content.get(`${PREFIX}denylist:${jti}`, world.now) !== null;
  return {
    lacks() {
      if (!world.hasRedis) return null;
      const lacking = denied().find((jti) => (isStrict || kept.has(jti)) && !isThere(jti));
      return lacking === undefined ? null : `the denylist lacks ${lacking}`;
    },
    mayBeUnwritten() {
      isStrict = false;
    },
    isComplete() {
      kept = new Set(denied().filter(isThere));
      // What was not written is missing until the next rewrite.
      isStrict = denied().every(isThere);
    },
  };
}
