import type { Settings } from '../../settings/schema/settings.ts';
import { adoptedTable, openTable } from '../../stores/accounts/adopted-table.ts';
import type { Database } from '../../stores/database/connection.ts';
import { bcryptDecoy } from './hashes/bcrypt.ts';
import { type HashRules, hashRules } from './hashes/hash-rules.ts';
import { decoyOf, recognise } from './hashes/recognise.ts';

/** Rows sampled to find the most common format of hashes. */
const SAMPLE = 1000;

/**
 * The hash that is verified for accounts without one, so that response times do not reveal which accounts exist (account
 * enumeration by timing). It has the most common format of an application's table, or else the gateway's own.
 *
 * @throws GatewayError when the database is unavailable
 */
export async function decoyFor(database: Database, settings: Settings['accounts']): Promise<string> {
  const table = adoptedTable(settings);
  if (table === null) return bcryptDecoy(settings.passwordCost);
  const rules = hashRules(settings);
  const likeMost = mostCommon(await (await openTable(database, table)).hashes(SAMPLE), rules);
  return (likeMost === null ? null : decoyOf(likeMost, rules)) ?? bcryptDecoy(settings.passwordCost);
}

/**
 * A verifiable hash with the most common format and parameters. A weak one does not count: it takes no time, so that every
 * account with another hash would be slower than an unknown one.
 */
function mostCommon(hashes: readonly string[], rules: HashRules): string | null {
  const byCost = Map.groupBy(hashes, (hash) => {
    const stored = recognise(hash, rules);
    return stored?.verifiable && stored.caveat !== 'weak' ? `${stored.format} ${stored.parameters}` : null;
  });
  byCost.delete(null);
  const [largest] = [...byCost.values()].sort((a, b) => b.length - a.length);
  return largest?.[0] ?? null;
}
