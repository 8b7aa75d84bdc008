import type { Knex } from 'knex';

/**
 * One step of the schema.
 *
 * MySQL commits each DDL statement by itself, so a process that is killed leaves a step half done and unrecorded, and the
 * next one runs it again: `up` must do no harm the second time. SQLite undoes the whole of it.
 */
export interface Migration {
  /** Recorded in the database; never renamed once released. Steps run in the order of these names. */
  readonly name: string;
  up(sql: Knex, kind: 'sqlite' | 'mysql'): Promise<void>;
}
