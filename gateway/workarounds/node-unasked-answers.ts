import type { ClientRequest, ClientRequestArgs } from 'node:http';
import { AllFieldsAgent } from './node-answer-fields.ts';

/**
 * An agent whose requests get no answer that has arrived before them.
 *
 * Node (26.10) closes an idle connection on which something arrives (CVE-2026-48931), but takes one for a request while such bytes
 * wait to be read, and they become its answer (response queue poisoning). Here a request gets its connection at the end of the turn
 * of the event loop, when they are read.
 */
export class UnhurriedAgent extends AllFieldsAgent {
  override addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    setImmediate(() => super.addRequest(request, options));
  }
}
