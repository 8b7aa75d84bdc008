import cluster from 'node:cluster';
import type { Service } from '../../compose/service.ts';
import { createSharedLog } from '../../ops/log.ts';
import { textOfError } from '../error-text.ts';
import { sendOutputToLog } from '../output-to-log.ts';
import { explained } from '../with-database.ts';
import { type Answers, type FromWorker, isFromPrimary, type Order, type StartData } from './messages.ts';
import { primaryLedger } from './primary-ledger.ts';

const limitLedger = primaryLedger(tell);

/** The main loop of a worker: starts the service, executes the primary's messages, and reports back. */
export function followPrimary(): void {
  let running: Promise<Service | null> = Promise.resolve(null);
  process.on('message', (message) => {
    if (!isFromPrimary(message)) return;
    if (message.kind === 'start') running = start(message);
    else if (message.kind === 'beat') tell({ kind: 'beat' });
    else if (message.kind === 'limits-settled') limitLedger.settled(message.id, message.grants);
    else void running.then((service) => service && execute(message, service));
  });
}

/** @returns null when the service cannot start; the primary gets the reason, and this process exits */
async function start({ file, settings, count, ticketSecret }: StartData): Promise<Service | null> {
  const log = createSharedLog(settings.log, { worker: Number(cluster.worker?.id) });
  sendOutputToLog(log);
  try {
    const { startService } = await import('../../compose/service.ts');
    const service = await startService(settings, log, {
      count,
      ticketSecret,
      limitLedger,
      announceRevocation: () => tell({ kind: 'announce-revocation' }),
    });
    const { url, decisionsUrl, redirectUrl } = service;
    tell({ kind: 'ready', url, decisionsUrl, redirectUrl });
    return service;
  } catch (error) {
    tell({ kind: 'failed', reason: textOfError(explained(`database.url of ${file}`, error)) }, () => process.exit(1));
    return null;
  }
}

async function execute(order: Order, service: Service): Promise<void> {
  switch (order.kind) {
    case 'read-revocations':
      service.readRevocations();
      break;
    case 'question':
      tell({ kind: 'answer', id: order.id, answer: await answerTo(order, service) });
      break;
    case 'stop':
      await service.close(order.shutdown);
      process.exit(0);
  }
}

async function answerTo(
  question: Extract<Order, { kind: 'question' }>,
  service: Service,
): Promise<Answers[keyof Answers]> {
  switch (question.about) {
    case 'readiness':
      return service.readiness();
    case 'metrics':
      return await service.metrics();
    case 'failures':
      return service.failures();
    case 'reload':
      return await service.reload(question.settings).then(() => null, textOfError);
  }
}

/** Sends nothing when the primary is gone: Node then ends this process too. */
function tell(message: FromWorker, sent = () => {}): void {
  process.send?.(message, sent);
}
