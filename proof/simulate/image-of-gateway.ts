import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { hashOf } from './service.ts';

/** The accounts with which each simulation begins: confirmed, in no group. */
export interface FirstAccount {
  readonly id: string;
  readonly email: string;
  readonly password: string;
}

/** The content of a database at the beginning: the bytes of its file, and its accounts. */
export interface FirstContent {
  readonly bytes: Buffer;
  readonly accounts: readonly FirstAccount[];
}

/** Offsets in an SQLite file: whether it has a write-ahead log, which an image in memory cannot have. */
const JOURNAL_VERSIONS = [18, 19];

/** A database with the gateway's tables, made by its own migrations, a new installation, and some accounts. */
export async function imageOfGateway(count: number): Promise<FirstContent> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-simulation-'));
  const file = join(folder, 'gatehouse.sqlite');
  try {
    const database = openDatabase({ kind: 'sqlite', file }, { timeout: 60_000 });
    await migrate(database);
    const store = sqlAccountStore(database);
    const accounts: FirstAccount[] = [];
    for (let i = 1; i <= count; i += 1) {
      const [email, password] = [`account${i}@example.com`, `first${i}`];
      const added = await store.add({ email, passwordHash: hashOf(password), confirmed: true });
      if (added.kind === 'added') accounts.push({ id: added.account.id, email, password });
    }
    await database.close();
    const bytes = readFileSync(file);
    for (const at of JOURNAL_VERSIONS) bytes[at] = 1;
    return { bytes, accounts };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
