import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../../gateway/domain/errors.ts';
import { inScope } from '../../test/lab/open-scope.ts';
import type { Scope } from '../../test/lab/scope.ts';
import { onCore } from './cores.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** What wrk is to send. */
export interface Load {
  readonly url: string;
  /** Header fields of each request. */
  readonly headers?: Record<string, string>;
  readonly seconds: number;
  /** 32 when left out; kept alive. */
  readonly connections?: number;
  /** Lua that makes the requests, in place of one GET over and over; must not define `done`. */
  readonly script?: string;
  /** `refusal`: all answers must be 4xx or 5xx, and are what is measured. `success` when left out. */
  readonly expects?: 'success' | 'refusal';
  /** The core that wrk runs on, with one thread. */
  readonly core: number;
}

/** How it was answered: all as expected, or there is no result. */
export interface Answered {
  readonly requests: number;
  /** Requests answered per second. */
  readonly rate: number;
  /** Latency in milliseconds. With all connections busy, this says how long the queue is. */
  readonly p50: number;
  readonly p99: number;
}

/** What wrk hands to `done` (its SCRIPTING file): times are in microseconds. */
interface Summary {
  readonly requests: number;
  readonly duration: number;
  readonly p50: number;
  readonly p99: number;
  readonly errors: Readonly<Record<'connect' | 'read' | 'write' | 'status' | 'timeout', number>>;
}

type WrkFailure = Error & { readonly stderr: string };

/** wrk prints 3xx among the answers that are no error, so the check before a measurement looks at the status itself. */
const DONE = `
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n@{"requests":%d,"duration":%d,"p50":%d,"p99":%d,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
`;
/** Long enough for 32 requests, each of which waits for the bcrypt of those before it. */
const ANSWER_SECONDS = 60;
const GRACE_SECONDS = 30;

/**
 * Loads a server with wrk.
 *
 * @throws {OperatorError} When a request failed or was not answered as expected: a fast error page is no speed.
 */
export function runWrk(scope: Scope, load: Load): Promise<Answered> {
  return inScope(scope, async (own) => {
    const { url, headers = {}, seconds, connections = 32, script = '', expects = 'success', core } = load;
    const file = join(temporaryFolder(own), 'wrk.lua');
    await writeFile(file, script + DONE);
    const fields = Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`]);
    const [command, args] = onCore(core, 'wrk', [
      ...['--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`],
      ...['--timeout', `${ANSWER_SECONDS}s`, '--script', file, ...fields, url],
    ]);
    const limit = AbortSignal.timeout((seconds + GRACE_SECONDS) * 1_000);
    const running = new AbortController();
    own.teardown(() => running.abort());
    const signal = AbortSignal.any([limit, running.signal]);
    const { stdout } = await promisify(execFile)(command, args, { signal }).catch((error: WrkFailure) => {
      // Its message has the whole command line in it, and so the credential.
      throw new OperatorError(`wrk failed at ${url}: ${error.stderr.trim() || error.name}`);
    });
    return resultOf(url, stdout, expects);
  });
}

function resultOf(url: string, printed: string, expects: 'success' | 'refusal'): Answered {
  const [, json] = /^@(.*)$/m.exec(printed) ?? [];
  if (json === undefined) throw new OperatorError(`wrk gave no summary for ${url}: ${printed.trim()}`);
  const { requests, duration, p50, p99, errors } = JSON.parse(json) as Summary;
  const isExpected = expects === 'refusal' && errors.status === requests;
  const failed = Object.entries(errors).filter(([kind, count]) => count > 0 && !(kind === 'status' && isExpected));
  if (failed.length > 0 || requests === 0 || (expects === 'refusal' && !isExpected)) {
    const kinds = failed.map(([kind, count]) => `${count} ${kind}`).join(', ');
    throw new OperatorError(
      `Of ${requests} requests to ${url} some were not answered as expected (${kinds || 'no answer'}): no figure.`,
    );
  }
  return { requests, rate: requests / (duration / 1e6), p50: p50 / 1_000, p99: p99 / 1_000 };
}
