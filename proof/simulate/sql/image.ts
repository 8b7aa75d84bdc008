import { createRequire } from 'node:module';

/** The part of better-sqlite3 that the simulated server uses. */
export interface Image {
  prepare(sql: string): ImageStatement;
  exec(sql: string): void;
  serialize(): Buffer;
  function(name: string, options: { varargs: boolean }, apply: (...values: unknown[]) => unknown): void;
  close(): void;
}

export interface ImageStatement {
  readonly reader: boolean;
  all(...values: unknown[]): Record<string, unknown>[];
  run(...values: unknown[]): { changes: number; lastInsertRowid: number | bigint };
}

const Sqlite = createRequire(import.meta.url)('better-sqlite3') as new (content: Buffer | ':memory:') => Image;

/** What a statement came to. */
export type Result =
  | { readonly rows: Record<string, unknown>[] }
  | { readonly affectedRows: number; readonly insertId: number };

/** The content of a database server, and what it executes. */
export interface Content {
  execute(sql: string, bindings: readonly unknown[]): Result;
  begin(): void;
  commit(): void;
  rollback(): void;
  /** The same content in another image. */
  copy(): Content;
  close(): void;
}

/** @param now the server's time in ms since 1970 */
export function contentOf(bytes: Buffer, now: () => number): Content {
  const image = new Sqlite(bytes);
  image.function('sysdate', { varargs: true }, () => now());
  image.function('unix_timestamp', { varargs: true }, (time) => Number(time) / 1000);
  const statements = new Map<string, ImageStatement>();
  const prepared = (sql: string): ImageStatement => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const made = image.prepare(sql);
    statements.set(sql, made);
    return made;
  };
  const [begin, commit, rollback] = ['begin', 'commit', 'rollback'].map((sql) => prepared(sql));

  return {
    execute(sql, bindings) {
      const statement = prepared(sql);
      if (statement.reader) return { rows: statement.all(...bindings) };
      const { changes, lastInsertRowid } = statement.run(...bindings);
      return { affectedRows: changes, insertId: Number(lastInsertRowid) };
    },
    begin: () => void begin?.run(),
    commit: () => void commit?.run(),
    rollback: () => void rollback?.run(),
    copy: () => contentOf(image.serialize(), now),
    close: () => image.close(),
  };
}

/** A statement of MySQL in the words of SQLite, and what it needs. */
export interface Statement {
  readonly sql: string;
  readonly kind: 'begin' | 'commit' | 'rollback' | 'session' | 'read' | 'locking read' | 'write';
}

const known = new Map<string, Statement>();

export function statementOf(text: string): Statement {
  const before = known.get(text);
  if (before !== undefined) return before;
  const statement = { sql: translated(text), kind: kindOf(text.toLowerCase()) };
  known.set(text, statement);
  return statement;
}

function kindOf(text: string): Statement['kind'] {
  if (text.startsWith('start transaction')) return 'begin';
  if (text.startsWith('commit')) return 'commit';
  if (text.startsWith('rollback')) return 'rollback';
  if (text.startsWith('set ')) return 'session';
  if (!text.startsWith('select')) return 'write';
  return text.endsWith(' for update') ? 'locking read' : 'read';
}

function translated(text: string): string {
  return text
    .replace(/ for update$/, '')
    .replace(/^insert ignore into/, 'insert or ignore into')
    .replace(/ on duplicate key update .*$/s, ' on conflict do nothing')
    .replace(/ as signed\)/g, ' as integer)');
}
