import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import type { MysqlLocation } from '../../../gateway/settings/schema/database-url.ts';
import type { Scope } from '../../lab/scope.ts';
import { privateMariadb } from '../../lab/stores/mariadb.ts';
import { AUTHORITY, type KeyPair, SERVER } from './certificates.ts';

/** A MariaDB that offers TLS, and its users: "plain" with and without TLS, "secure" only with, "proven" with a certificate. */
export interface TlsMariadb {
  locationFor(user: 'plain' | 'secure' | 'proven'): MysqlLocation;
  /** A connection of the administrator, without TLS. */
  readonly administrator: Connection;
  /** Presents another certificate from now on. */
  present(pair: KeyPair): Promise<void>;
}

const PASSWORD = 'only by TLS';

export async function tlsMariadb(t: Scope): Promise<TlsMariadb> {
  let folder = '';
  const write = async ({ cert, key }: KeyPair) => {
    await writeFile(join(folder, 'server.crt'), cert);
    await writeFile(join(folder, 'server.key'), key);
  };
  const { location } = await privateMariadb(t, async (own) => {
    folder = own;
    await writeFile(join(folder, 'authority.crt'), AUTHORITY.cert);
    await write(SERVER);
    return ['ca=authority.crt', 'cert=server.crt', 'key=server.key'].map((option) => {
      const [name, file = ''] = option.split('=');
      return `--ssl-${name}=${join(folder, file)}`;
    });
  });
  const { host, port, user, database } = location;
  const administrator = await createConnection({ host, port, user, database });
  t.teardown(() => administrator.destroy());
  for (const [name, requirement] of [
    ['plain', 'none'],
    ['secure', 'ssl'],
    ['proven', 'x509'],
  ]) {
    await administrator.query(`create user ${name}@'127.0.0.1' identified by '${PASSWORD}' require ${requirement}`);
    await administrator.query(`grant all on ${database}.* to ${name}@'127.0.0.1'`);
  }
  return {
    locationFor: (name) => ({ ...location, user: name, password: PASSWORD }),
    administrator,
    async present(pair) {
      await write(pair);
      await administrator.query('flush ssl');
    },
  };
}
