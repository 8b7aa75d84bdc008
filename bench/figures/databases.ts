import { hashPassword } from '../../gateway/identify/passwords/password.ts';
import type { DatabaseLocation } from '../../gateway/settings/schema/database-url.ts';
import { sqlAccountStore } from '../../gateway/stores/accounts/store.ts';
import { openDatabase } from '../../gateway/stores/database/connection.ts';
import { migrate } from '../../gateway/stores/database/migrate.ts';
import { ADA } from '../../test/lab/gateways/gateway.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { temporaryDatabase, urlOf } from '../../test/lab/stores/database.ts';
import { privatePostgres } from '../../test/lab/stores/postgres.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { type Gatehouse, issueToken, PASSWORD, startGatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { askGatehouse } from './ask.ts';
import { inTurns } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

/** A low cost: only the first request of a password is hashed, before the measurement. */
const PASSWORD_COST = 4;

/** What a request costs where the accounts are in another database. */
export const databases: Figure = {
  name: 'databases',
  title: 'PostgreSQL and SQLite against MariaDB',
  method:
    'Gateways that differ only in their database, asked with a token and with a password (proven once before), in turns. Once a credential is proven, no request waits for the database.',
  async measure(scope, lab, { rounds, seconds }) {
    const mariadb = await asked(await startGatehouse(scope, lab, { name: 'on-mariadb' }));
    const rows: Row[] = [];
    const others = [
      ['PostgreSQL', (await privatePostgres(scope)).location],
      ['SQLite', await temporaryDatabase(scope, 'sqlite')],
    ] as const;
    for (const [name, location] of others) {
      const other = await asked(await startOn(scope, lab, location));
      for (const credential of ['token', 'password'] as const) {
        const ask = ({ gatehouse, ...authorizations }: Asked) =>
          askGatehouse(scope, lab, gatehouse, { headers: { authorization: authorizations[credential] }, seconds });
        const measured = await inTurns(
          rounds,
          () => ask(other),
          () => ask(mariadb),
        );
        rows.push(rateRatio(measured, `${name} ÷ MariaDB, with a ${credential}`, 0.95));
      }
    }
    return rows;
  },
};

/** A gateway, and what to send as `Authorization`. */
interface Asked {
  readonly gatehouse: Gatehouse;
  readonly token: string;
  readonly password: string;
}

async function asked(gatehouse: Gatehouse): Promise<Asked> {
  return { gatehouse, token: `Bearer ${(await issueToken(gatehouse)).token}`, password: PASSWORD };
}

async function startOn(scope: Scope, lab: Lab, location: DatabaseLocation): Promise<Gatehouse> {
  const database = openDatabase(location, { timeout: 10_000 });
  try {
    await migrate(database);
    const passwordHash = await hashPassword(ADA.password, PASSWORD_COST);
    await sqlAccountStore(database).add({ email: ADA.email, passwordHash, confirmed: true });
  } finally {
    await database.close();
  }
  const settings = { database: { url: urlOf(location) } };
  return await startGatehouse(scope, lab, { name: `on-${location.kind}`, settings });
}
