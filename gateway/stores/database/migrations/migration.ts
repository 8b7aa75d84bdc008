import type { Knex } from 'knex';
import type { Database } from '../connection.ts';

/**
 * One migration of the schema.
 *
 * `up` must be idempotent: MySQL commits each DDL statement by itself, so a killed process leaves a migration half done and
 * unrecorded, and the next process runs it again. SQLite and PostgreSQL roll all of it back.
 */
export interface Migration {
  /** Recorded in the database; must not change after a release. Migrations run in the order of their names. */
  readonly name: string;
  up(sql: Knex, kind: Database['kind']): Promise<void>;
}
