import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { isBackgroundLow } from '../../../../ops/background-threads.ts';
import type { RoundsWork } from './work.ts';
import type { ThreadData } from './worker.ts';

/** TypeScript in a checkout, JavaScript in the package, as this file. */
const WORKER = new URL(`./worker${extname(import.meta.filename)}`, import.meta.url);

/** Started threads without work. They do not keep the process alive. */
const idle: Worker[] = [];

/**
 * Computes in a thread, so that the event loop continues: a hash can take seconds. There are as many threads as hashes were
 * ever computed at once, which `hashing-queue.ts` limits.
 *
 * @throws Error when the thread fails, such as for lack of memory, or because a FIPS mode has no MD5
 */
export async function computeInThread(work: RoundsWork): Promise<Buffer> {
  const worker = idle.pop() ?? startThread();
  worker.ref();
  const result = await resultOf(worker, work);
  worker.unref();
  idle.push(worker);
  return result;
}

function startThread(): Worker {
  const workerData: ThreadData = { isLow: isBackgroundLow() };
  // The options of the process may be for its main module only, such as `--input-type`.
  const worker = new Worker(WORKER, { name: 'password-rounds', workerData, execArgv: [] });
  // An error that nobody listens to would end the process. The hash in work, if any, learns of it by `resultOf`.
  worker.on('error', () => {});
  worker.once('exit', () => {
    if (idle.includes(worker)) idle.splice(idle.indexOf(worker), 1);
  });
  return worker;
}

/** A thread that fails has ended, and is not used again. */
function resultOf(worker: Worker, work: RoundsWork): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const onMessage = (digest: Uint8Array) => resolve(Buffer.from(digest));
  const onError = (cause: unknown) => reject(new Error('The thread that hashes passwords has failed.', { cause }));
  worker.on('message', onMessage).on('error', onError).on('exit', onError);
  worker.postMessage(work);
  return promise.finally(() => worker.off('message', onMessage).off('error', onError).off('exit', onError));
}
