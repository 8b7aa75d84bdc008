import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';

/** Node calls it for each request; agents of other libraries override it too, but Node's types leave it out. */
interface WithAddRequest {
  addRequest(request: ClientRequest, options: ClientRequestArgs): void;
}

const { addRequest } = Agent.prototype as unknown as WithAddRequest;

/**
 * An agent whose requests keep all fields of their answers.
 *
 * Node (20 to 26) drops the fields of an answer beyond a thousand without an error, and libraries that make the request
 * themselves offer no way to set `maxHeadersCount`. `addRequest` runs before Node reads that number.
 */
export class AllFieldsAgent extends Agent implements WithAddRequest {
  addRequest(request: ClientRequest, options: ClientRequestArgs): void {
    request.maxHeadersCount = 0;
    addRequest.call(this, request, options);
  }
}
