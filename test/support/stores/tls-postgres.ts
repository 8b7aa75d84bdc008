import { chown, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresLocation, SslMode } from '../../../gateway/settings/schema/postgres-url.ts';
import type { Scope } from '../../lab/scope.ts';
import { privatePostgres } from '../../lab/stores/postgres.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { AUTHORITY, type KeyPair } from './certificates.ts';

/** A PostgreSQL that may offer TLS, and its users: "plain" with and without TLS, "secure" only with, "proven" with a certificate. */
export interface TlsPostgres {
  locationFor(user: 'plain' | 'secure' | 'proven', sslmode?: SslMode | null): PostgresLocation;
  /** Presents another certificate from now on; null: has no TLS. */
  present(pair: KeyPair | null): Promise<void>;
}

const PASSWORD = 'only by TLS';
const ACCESS = `
host all postgres 127.0.0.1/32 trust
host all plain 127.0.0.1/32 scram-sha-256
hostssl all secure 127.0.0.1/32 scram-sha-256
hostssl all proven 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
`;

export async function tlsPostgres(t: Scope): Promise<TlsPostgres> {
  const { location, administer } = await privatePostgres(t);
  const [{ folder = '' } = {}] = await administer<{ folder: string }>(
    "select current_setting('data_directory') as folder",
  );
  const { uid, gid } = await stat(folder);
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    await chown(join(folder, name), uid, gid);
  };
  await write('authority.crt', AUTHORITY.cert);
  for (const user of ['plain', 'secure', 'proven'])
    await administer(`create role ${user} login password '${PASSWORD}'`);
  await write('pg_hba.conf', ACCESS);
  let number = 0;
  return {
    locationFor: (user, sslmode = null) => ({ ...location, user, password: PASSWORD, sslmode }),
    async present(pair) {
      number += 1;
      if (pair !== null) {
        await write(`${number}.crt`, pair.cert);
        await write(`${number}.key`, pair.key);
        await administer(`alter system set ssl_cert_file = '${number}.crt'`);
        await administer(`alter system set ssl_key_file = '${number}.key'`);
        await administer("alter system set ssl_ca_file = 'authority.crt'");
      }
      await administer(`alter system set ssl = ${pair !== null}`);
      await administer('select pg_reload_conf()');
      await holds('it presents that certificate', async () => {
        const [found] = await administer<{ ssl: string; file: string }>(
          "select current_setting('ssl') as ssl, current_setting('ssl_cert_file') as file",
        );
        return pair === null ? found?.ssl === 'off' : found?.ssl === 'on' && found.file === `${number}.crt`;
      });
    },
  };
}
