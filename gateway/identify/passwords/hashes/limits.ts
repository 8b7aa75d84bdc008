interface Limit {
  readonly what: string;
  readonly least: number;
  readonly most: number;
}

/**
 * The limits of the parameters of stored hashes. Without them, an attacker with write access to one row could block all logins
 * with a billion rounds, exhaust the memory (denial of service), or store a digest so short that many passwords match. `most`
 * is several times the default of the frameworks (as of 2026, listed with each), and takes about as long as bcrypt of cost
 * 16: seconds.
 */
const LIMITS = {
  /** log2 of the rounds. PHP 8.4, Laravel, Django: 12. */
  bcryptCost: { what: 'bcrypt cost', least: 4, most: 16 },
  /** Django 6.0: 1,200,000. Werkzeug 3.1: 1,000,000; its first releases: 1,000. passlib: 29,000. */
  pbkdf2Rounds: { what: 'PBKDF2 rounds', least: 1, most: 10_000_000 },
  /** 128·r·(N + p + 2) bytes. Werkzeug: 32 MiB. Django: 16 MiB. OWASP: 128 MiB. */
  scryptMemory: { what: 'bytes of scrypt memory', least: 1, most: 256 * 2 ** 20 },
  /** 128·N·r·p bytes, to which the time is proportional. Django: 80 MiB. OWASP: up to 160 MiB. */
  scryptWork: { what: 'bytes of scrypt work', least: 1, most: 2 ** 30 },
  /** Werkzeug and Django: 8. Block size and lanes also scale a PBKDF2 step, which `scryptWork` does not count. */
  scryptBlock: { what: 'scrypt block size', least: 1, most: 32 },
  /** Django: 5. */
  scryptLanes: { what: 'scrypt lanes', least: 1, most: 32 },
  /** Django: 100 MiB. PHP and argon2-cffi: 64 MiB. */
  argon2Memory: { what: 'KiB of Argon2 memory', least: 8, most: 256 * 2 ** 10 },
  /** Memory times passes, to which the time is proportional. PHP: 256 MiB (4 passes). Django: 200 MiB. */
  argon2Work: { what: 'KiB of Argon2 work', least: 8, most: 2 ** 20 },
  /** PHP: 4. Each pass over each lane takes time for itself, which `argon2Work` does not count. */
  argon2Passes: { what: 'Argon2 passes', least: 1, most: 256 },
  /** Django: 8. argon2-cffi: 4. */
  argon2Lanes: { what: 'Argon2 lanes', least: 1, most: 32 },
  /**
   * WordPress before 6.8, and phpass: 8,192. phpBB: 2,048. Drupal: 65,536, of SHA-512. Each round hashes up to 4,096 bytes, and a
   * password has up to four forms: as sent and in NFC, each with and without slashes.
   */
  phpassRounds: { what: 'phpass rounds', least: 2 ** 7, most: 2 ** 17 },
  /** crypt(3): 5,000. passlib: 656,000. */
  shaCryptRounds: { what: 'SHA-crypt rounds', least: 1_000, most: 1_000_000 },
  /** Argon2 requires 8 bytes (RFC 9106 section 3.1); the frameworks generate 16. */
  argon2Salt: { what: 'bytes of salt', least: 8, most: 128 },
  /** Werkzeug: 8 characters before 2.0, 16 to 22 since. passlib: 16 bytes. */
  salt: { what: 'bytes of salt', least: 1, most: 128 },
  /** argon2-cffi before 21.2: 16. PHP, argon2-cffi since, and scrypt in PHC strings: 32. Firebase: 64. */
  digest: { what: 'bytes of digest', least: 16, most: 64 },
} as const satisfies Record<string, Limit>;

/** The parameters of a stored hash that have limits. */
export type Demands = Partial<Record<keyof typeof LIMITS, number>>;

/** @returns the first parameter beyond its limit, as text for the operator; null: none */
export function excessIn(demands: Demands): string | null {
  for (const [name, asked] of Object.entries(demands)) {
    const { what, least, most } = LIMITS[name as keyof typeof LIMITS];
    if (asked < least || asked > most) return `${what}: ${asked}; allowed are ${least} to ${most}`;
  }
  return null;
}
