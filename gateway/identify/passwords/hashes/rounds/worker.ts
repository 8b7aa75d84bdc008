import { parentPort, workerData } from 'node:worker_threads';
import { lowerThisThread } from '../../../../ops/background-threads.ts';
import { compute, type RoundsWork } from './work.ts';

export interface ThreadData {
  /** Whether the thread has a low priority. */
  readonly isLow: boolean;
}

const { isLow } = workerData as ThreadData;
if (isLow) lowerThisThread();
parentPort?.on('message', (work: RoundsWork) => parentPort?.postMessage(compute(work)));
