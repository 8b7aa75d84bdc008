import type { DatabaseKind } from '../../lab/stores/database.ts';

/** The tables that a framework's own migrations make, as far as users and groups go, and what `adopt` must propose for them. */
export interface Schema {
  /** As `adopt` names it. */
  readonly framework: string;
  /** What is particular about it, for the name of the test. */
  readonly about: string;
  readonly tables: Readonly<Record<DatabaseKind, readonly string[]>>;
  /** Rows by table. */
  readonly rows: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  readonly accounts: Readonly<Record<string, unknown>>;
  /** Groups of the first user, as `check` counts them. */
  readonly groups?: readonly string[];
}

/** Types of columns as each database spells them. */
const TYPES = {
  SERIAL: {
    sqlite: 'integer primary key autoincrement',
    mysql: 'bigint not null auto_increment primary key',
    postgres: 'bigserial primary key',
  },
  BOOL: { sqlite: 'boolean', mysql: 'tinyint(1)', postgres: 'boolean' },
  MOMENT: { sqlite: 'datetime', mysql: 'datetime(6)', postgres: 'timestamptz' },
  UUID: { sqlite: 'varchar(36)', mysql: 'char(36)', postgres: 'uuid' },
} as const;

/**
 * Statements for each database.
 *
 * @param statements in common SQL, with names of `TYPES`, and names in double quotes where they have capitals
 */
export function tablesOf(...statements: readonly string[]): Schema['tables'] {
  const of = (kind: DatabaseKind) =>
    statements.map((statement) => {
      const typed = statement.replaceAll(
        /\b(SERIAL|BOOL|MOMENT|UUID)\b/g,
        (name) => TYPES[name as keyof typeof TYPES][kind],
      );
      return kind === 'mysql' ? typed.replaceAll('"', '`') : typed;
    });
  return { sqlite: of('sqlite'), mysql: of('mysql'), postgres: of('postgres') };
}
