import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import test from 'ava';
import { Redis } from 'ioredis';
import dataHandler from 'ioredis/built/DataHandler.js';
import { requireDatabase } from '../../gateway/workarounds/ioredis-select.ts';
import { closeAfterUnaskedAnswers } from '../../gateway/workarounds/ioredis-unasked-answers.ts';
import { holds } from '../lab/waiting/condition.ts';
import { redisProcess } from '../support/stores/redis-process.ts';

// A test that fails here after an update says that ioredis has changed: the workaround may go, or must be written anew.

test('ioredis uses database 0 where it cannot select its own, and requireDatabase closes the connection', async (t) => {
  const { port } = await redisProcess(t);
  const options = { port, db: 99, enableOfflineQueue: false, enableReadyCheck: false, protocol: 2 as const };
  const clientOf = () => {
    const redis = new Redis(options).on('error', () => {});
    t.teardown(() => redis.disconnect());
    return redis;
  };
  const careless = clientOf();
  await new Promise((resolve) => careless.once('ready', resolve));
  t.is(await careless.set('here', '1'), 'OK');

  const careful = clientOf();
  requireDatabase(careful);
  let closed = 0;
  careful.on('close', () => {
    closed += 1;
  });
  careful.on('ready', () => void t.throwsAsync(careful.set('there', '1')));
  await holds('it has been refused again and again', () => closed > 2);
  t.deepEqual(await careless.keys('*'), ['here']);
});

test('ioredis throws outside of promises for null that it did not ask for, and closeAfterUnaskedAnswers has it reconnect', async (t) => {
  const handler = dataHandler.default.prototype as unknown as { shiftCommand(this: object, reply: null): unknown };
  const withoutCommands = { redis: { commandQueue: { shift() {} }, emit() {} } };
  t.throws(() => handler.shiftCommand.call(withoutCommands, null), { instanceOf: TypeError });

  closeAfterUnaskedAnswers();
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).on('data', () => socket.write('+OK\r\n'));
  }).listen(0, '127.0.0.1');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const redis = new Redis({ port, enableReadyCheck: false, disableClientInfo: true, retryStrategy: () => 10 });
  t.teardown(() => redis.disconnect());
  const failures: Error[] = [];
  redis.on('error', (error) => void failures.push(error));
  t.is(await redis.set('a', '1'), 'OK');
  sockets[0]?.write('$-1\r\n');
  await holds('it has connected again', () => sockets.length > 1);
  t.is(await redis.set('a', '1'), 'OK');
  t.regex(failures[0]?.message ?? '', /without being asked/);
});
