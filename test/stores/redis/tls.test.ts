import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { createServer, getCACertificates, setDefaultCACertificates } from 'node:tls';
import test from 'ava';
import { Redis } from 'ioredis';
import { connectRedis } from '../../../gateway/stores/redis/connect.ts';
import { whenReady } from '../../../gateway/stores/redis/when-ready.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { answerTo, PATIENT } from '../../support/stores/patiently.ts';
import { redisCluster } from '../../support/stores/redis-cluster.ts';
import { redisProcess } from '../../support/stores/redis-process.ts';
import { locationOf, separateServices } from '../../support/stores/separate-services.ts';
import { NAME_ONLY } from '../../support/upstreams/name-only-certificate.ts';

/** As NODE_EXTRA_CA_CERTS does for a process, here for the threads of this file. */
const TRUSTED = getCACertificates('default');
const trustOurs = () => setDefaultCACertificates([...TRUSTED, SELF_SIGNED.cert, NAME_ONLY.cert]);
test.before(trustOurs);

const TIMEOUT = 500;

test('a revocation arrives through a Redis that speaks TLS alone', async (t) => {
  const { port } = await redisProcess(t, tlsOptions);
  const services = await separateServices(t, `rediss://127.0.0.1:${port}`);
  await services.untilHeard();
  const jti = await services.revoke();
  await holds('the follower knows it', () => services.follower.mirror.isDenied(jti));
  const inside = new Redis({ port, tls: { ca: SELF_SIGNED.cert } });
  t.teardown(() => inside.disconnect());
  t.is(await inside.get(`test:denylist:${jti}`), '1');
});

test('a revocation arrives through a Cluster that speaks TLS alone, and is known by addresses', async (t) => {
  const nodes = await redisCluster(t, tlsOptions, { tls: { ca: SELF_SIGNED.cert } });
  const services = await separateServices(t, `rediss+cluster://127.0.0.1:${nodes[0]?.port}`);
  await t.notThrowsAsync(services.untilHeard());
});

test('a revocation arrives through a Cluster whose certificates hold names and no addresses', async (t) => {
  const named = ['--cluster-announce-hostname', 'localhost', '--cluster-preferred-endpoint-type', 'hostname'];
  const options = async (port: number, folder: string) => [...(await tlsOptions(port, folder, NAME_ONLY)), ...named];
  const nodes = await redisCluster(t, options, { host: 'localhost', tls: { ca: NAME_ONLY.cert } });
  const services = await separateServices(t, `rediss+cluster://localhost:${nodes[0]?.port}`);
  await t.notThrowsAsync(services.untilHeard());
});

test.serial('a certificate that nobody vouches for, or of another name, is not accepted', async (t) => {
  const { port } = await redisProcess(t, async (own, folder) => [
    ...(await tlsOptions(own, folder)),
    ...['--bind', '127.0.0.1', '127.0.0.2'],
  ]);
  setDefaultCACertificates(TRUSTED);
  t.teardown(trustOurs);
  const untrusted = connectRedis(locationOf(`rediss://127.0.0.1:${port}`), PATIENT);
  t.teardown(() => untrusted.disconnect());
  t.is((await firstError(untrusted)).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
  await t.throwsAsync(() => untrusted.get('key'));

  trustOurs();
  const misnamed = connectRedis(locationOf(`rediss://127.0.0.2:${port}`), PATIENT);
  t.teardown(() => misnamed.disconnect());
  t.is((await firstError(misnamed)).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
  await t.throwsAsync(() => misnamed.get('key'));
});

test('a server that shares its address with others hears the name that it is called by', async (t) => {
  const { port } = await redisProcess(t);
  const names: (string | undefined)[] = [];
  const front = createServer(
    {
      ...SELF_SIGNED,
      SNICallback(name, done) {
        names.push(name);
        done(null);
      },
    },
    (secure) => {
      const plain = connect(port, '127.0.0.1');
      plain.on('error', () => {}).on('close', () => secure.destroy());
      secure.on('error', () => {}).on('close', () => plain.destroy());
      secure.pipe(plain).pipe(secure);
    },
  ).listen(0, '127.0.0.1');
  t.teardown(() => front.close());
  await new Promise((resolve) => front.once('listening', resolve));
  const redis = connectRedis(locationOf(`rediss://localhost:${(front.address() as AddressInfo).port}`), PATIENT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  t.is(await redis.ping(), 'PONG');
  t.deepEqual([...new Set(names)], ['localhost']);
});

test('a server that answers no TLS handshake is an outage, and is left for a new connection', async (t) => {
  const server = await redisProcess(t, tlsOptions);
  const redis = connectRedis(locationOf(`rediss://127.0.0.1:${server.port}`), TIMEOUT);
  t.teardown(() => redis.disconnect());
  await whenReady(redis, 5_000);
  server.pause();
  await t.throwsAsync(() => redis.ping());
  await holds('the connection is given up', () => redis.status !== 'ready');
  await holds('a new one was tried, and given up', () => redis.status === 'connecting');
  await holds('so that there is another', () => redis.status === 'reconnecting');
  server.continue();
  await holds('it is back', () => redis.status === 'ready');
  t.is(await answerTo(() => redis.ping()), 'PONG');
});

async function tlsOptions(port: number, folder: string, certificate = SELF_SIGNED): Promise<string[]> {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await Promise.all([writeFile(key, certificate.key), writeFile(cert, certificate.cert)]);
  const files = ['--tls-key-file', key, '--tls-cert-file', cert, '--tls-ca-cert-file', cert];
  const everywhere = ['--tls-cluster', 'yes', '--tls-replication', 'yes', '--tls-auth-clients', 'no'];
  return ['--tls-port', String(port), '--port', '0', ...files, ...everywhere];
}

function firstError(redis: ReturnType<typeof connectRedis>): Promise<NodeJS.ErrnoException> {
  return new Promise((resolve) => redis.once('error', resolve));
}
