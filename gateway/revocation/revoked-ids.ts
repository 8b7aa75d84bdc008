import { createHash } from 'node:crypto';

/** A set of revoked token ids, each kept until its token has expired. */
export interface RevokedIds {
  readonly size: number;
  /** @param expiresAt seconds since 1970 */
  add(jti: string, expiresAt: number): void;
  has(jti: string): boolean;
  /** The ids that are random UUIDs (RFC 9562 section 5.4). Of other ids, only a digest is stored. */
  uuids(): Iterable<{ readonly jti: string; readonly expiresAt: number }>;
  /** Drops the ids of tokens that have expired. @param now seconds since 1970 */
  sweep(now: number): void;
}

/** Four words of the id, and the second in which its token expires; zero there marks a free slot. */
const WORDS = 5;
/** A 32-bit word holds seconds until 2106; later expiries are clamped to it. */
const LATEST = 2 ** 32 - 1;
const SMALLEST = 1 << 10;
/** Maximum load factor; beyond it, probe sequences grow long. */
const FULLEST = 0.7;

/**
 * A hash table with open addressing in one typed array: at most 20 / 0.35 bytes an id, outside the heap, so that a million
 * revocations cost the garbage collector nothing.
 *
 * Hash flooding is impossible: clients cannot choose ids, since only ids of tokens with a valid signature are added.
 */
export function createRevokedIds(): RevokedIds {
  let slots = new Uint32Array(SMALLEST * WORDS);
  let size = 0;
  const key = new Uint32Array(4);

  /** The offset of the key, or of the free slot for it. */
  const find = (table: Uint32Array): number => {
    const capacity = table.length / WORDS;
    let slot = (key[3] as number) & (capacity - 1);
    for (;;) {
      const at = slot * WORDS;
      if (table[at + 4] === 0) return at;
      if (table[at] === key[0] && table[at + 1] === key[1] && table[at + 2] === key[2] && table[at + 3] === key[3])
        return at;
      slot = (slot + 1) & (capacity - 1);
    }
  };

  /** Moves the ids that expire after `now` to a table of fitting size. */
  const rebuild = (now: number, wanted: number): void => {
    let capacity = SMALLEST;
    while (capacity * FULLEST <= wanted) capacity *= 2;
    const table = new Uint32Array(capacity * WORDS);
    let kept = 0;
    for (let at = 0; at < slots.length; at += WORDS) {
      if ((slots[at + 4] as number) <= now) continue;
      for (let word = 0; word < 4; word++) key[word] = slots[at + word] as number;
      const to = find(table);
      for (let word = 0; word < WORDS; word++) table[to + word] = slots[at + word] as number;
      kept += 1;
    }
    slots = table;
    size = kept;
  };

  return {
    get size() {
      return size;
    },
    add(jti, expiresAt) {
      if (size + 1 > (slots.length / WORDS) * FULLEST) rebuild(0, size * 2);
      readKey(jti, key);
      const at = find(slots);
      if (slots[at + 4] === 0) size += 1;
      for (let word = 0; word < 4; word++) slots[at + word] = key[word] as number;
      slots[at + 4] = Math.min(Math.max(1, expiresAt), LATEST);
    },
    has(jti) {
      if (size === 0) return false;
      readKey(jti, key);
      return slots[find(slots) + 4] !== 0;
    },
    *uuids() {
      // A snapshot: a rebuild during the iteration replaces `slots`.
      const table = slots;
      for (let at = 0; at < table.length; at += WORDS) {
        const expiresAt = table[at + 4] as number;
        if (expiresAt === 0) continue;
        const jti = uuidOf(table.subarray(at, at + 4));
        if (RANDOM_UUID.test(jti)) yield { jti, expiresAt };
      }
    },
    sweep(now) {
      let live = 0;
      for (let at = 4; at < slots.length; at += WORDS) if ((slots[at] as number) > now) live += 1;
      if (live < size) rebuild(now, live);
    },
  };
}

/** The 128 bits of a lower-case UUID, or the first 128 bits of the SHA-256 of any other id. */
function readKey(jti: string, key: Uint32Array): void {
  if (readUuid(jti, key)) return;
  const digest = createHash('sha256').update(jti).digest();
  for (let word = 0; word < 4; word++) key[word] = digest.readUInt32BE(word * 4);
}

/** One in 64 digests also has this form: such an id belongs to no token. */
const RANDOM_UUID = /^.{8}-.{4}-4.{3}-[89ab]/;

function uuidOf(key: Uint32Array): string {
  const hex = Array.from(key, (word) => word.toString(16).padStart(8, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

const DASH = 45;

/** Digit by digit: this runs on each request, and a regular expression costs ten times as much. */
function readUuid(jti: string, key: Uint32Array): boolean {
  if (jti.length !== 36) return false;
  let word = 0;
  let digits = 0;
  for (let i = 0; i < 36; i++) {
    const code = jti.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== DASH) return false;
      continue;
    }
    const digit = code >= 48 && code <= 57 ? code - 48 : code >= 97 && code <= 102 ? code - 87 : -1;
    if (digit === -1) return false;
    word = (word << 4) | digit;
    digits += 1;
    if ((digits & 7) === 0) key[(digits >> 3) - 1] = word;
  }
  return true;
}
