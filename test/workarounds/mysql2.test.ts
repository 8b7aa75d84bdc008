import test from 'ava';
import { createConnection } from 'mysql2/promise';
import { verifiedAs } from '../../gateway/workarounds/mysql2-server-name.ts';
import { AUTHORITY, LOCAL_SERVER, NAMED_SERVER } from '../support/stores/certificates.ts';
import { tlsMariadb } from '../support/stores/tls-mariadb.ts';

// A test that fails here after an update says that mysql2 or Node has changed: the workaround may go, or must be written anew.

test('mysql2 takes the certificate of localhost for that of an address, and verifiedAs does not', async (t) => {
  const server = await tlsMariadb(t);
  const { host, port, user, password } = server.locationFor('plain');
  const connect = async (options: { host: string }) => {
    const ssl = { ca: AUTHORITY.cert, verifyIdentity: true };
    const connection = await createConnection({ port, user, password, ssl, ...options });
    connection.destroy();
  };
  await server.present(LOCAL_SERVER);
  await t.notThrowsAsync(connect({ host }));
  await t.throwsAsync(connect(verifiedAs(host, { host, port }, 0)), {
    message: /127\.0\.0\.1 is not in the cert's list/,
  });
  await server.present(NAMED_SERVER);
  await t.notThrowsAsync(connect(verifiedAs('db.test', { host, port }, 0)));
});
