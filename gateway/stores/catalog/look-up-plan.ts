import type { Knex } from 'knex';
import type { Database } from '../database/connection.ts';

/** How the database finds the rows of a query. */
export interface LookUpPlan {
  /** The indexes that it uses, or could use once the table is larger. */
  readonly indexes: readonly string[];
  /** Whether it reads the whole table, however large. */
  readonly isFullScan: boolean;
}

/**
 * Asks the database how it would run a query. The query is not run.
 *
 * @param rows the very query that the gateway sends
 * @throws GatewayError when the database does not answer, or does not explain
 */
export async function lookUpPlan(database: Database, rows: Knex.QueryBuilder): Promise<LookUpPlan> {
  const { sql: text, bindings } = rows.toSQL();
  const explain = (prefix: string) => database.sql.raw(`${prefix} ${text}`, bindings as Knex.RawBinding[]);
  switch (database.kind) {
    case 'sqlite':
      return planOfSqlite(await database.query(explain('explain query plan')));
    case 'mysql': {
      const [steps]: [MysqlStep[]] = await database.query(explain('explain'));
      return planOfMysql(steps);
    }
    case 'postgres':
      return await database.transact(async ({ sql, query }) => {
        // A small table is read as a whole, whatever its indexes.
        await query(sql.raw('set local enable_seqscan = off'));
        const { rows: found }: { rows: { 'QUERY PLAN': string }[] } = await query(explain('explain (format json)'));
        return planOfPostgres(JSON.parse(found[0]?.['QUERY PLAN'] ?? '[]'));
      });
  }
}

function planOfSqlite(steps: readonly { detail: string }[]): LookUpPlan {
  const details = steps.map(({ detail }) => detail);
  const indexes = details.flatMap((detail) => /^SEARCH .* USING (?:COVERING )?INDEX (\S+)/.exec(detail)?.[1] ?? []);
  return { indexes: [...new Set(indexes)], isFullScan: details.some((detail) => /^SCAN (?!CONSTANT)/.test(detail)) };
}

interface MysqlStep {
  readonly type: string | null;
  readonly possible_keys: string | null;
  readonly key: string | null;
}

function planOfMysql(steps: readonly MysqlStep[]): LookUpPlan {
  const indexes = steps.flatMap(({ key, possible_keys }) => (key ?? possible_keys)?.split(',') ?? []);
  // With `possible_keys`, the table is only too small for its index to pay.
  const isScan = ({ type, possible_keys }: MysqlStep) => (type === 'ALL' || type === 'index') && possible_keys === null;
  const isFullScan = steps.some(isScan);
  return { indexes: isFullScan ? [] : [...new Set(indexes)], isFullScan };
}

interface PostgresNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly Plans?: readonly PostgresNode[];
}

function planOfPostgres(plans: readonly { Plan: PostgresNode }[]): LookUpPlan {
  const nodes = plans.flatMap(({ Plan }) => nodesOf(Plan));
  // Without a condition, a whole index is read in place of the table.
  const isScan = (node: PostgresNode) =>
    /^(?:Seq|Foreign|Index|Index Only|Bitmap Index) Scan$/.test(node['Node Type']) && node['Index Cond'] === undefined;
  const isFullScan = nodes.some(isScan);
  const indexes = nodes.flatMap((node) => node['Index Name'] ?? []);
  return { indexes: isFullScan ? [] : [...new Set(indexes)], isFullScan };
}

function nodesOf(node: PostgresNode): PostgresNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
