import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scope } from '../../test/lab/scope.ts';
import { temporaryFolder } from '../harness/temporary-folder.ts';

/** One of the requests that take turns. */
export interface RotatingRequest {
  readonly path: string;
  readonly authorization: string;
}

/**
 * A script for wrk that sends these requests one after the other and begins again. All are made before the first is sent,
 * and one costs wrk as much as ten thousand.
 *
 * @returns Lua
 */
export async function rotation(scope: Scope, requests: readonly RotatingRequest[]): Promise<string> {
  const file = join(temporaryFolder(scope), 'requests');
  await writeFile(file, requests.map(({ path, authorization }) => `${path}\t${authorization}\n`).join(''));
  return `
local requests, sent = {}, 0
function init()
  for line in io.lines(${JSON.stringify(file)}) do
    local path, authorization = line:match('^(.-)\\t(.*)$')
    requests[#requests + 1] = wrk.format('GET', path, { Host = wrk.headers.Host, Authorization = authorization })
  end
end
function request()
  sent = sent % #requests + 1
  return requests[sent]
end
`;
}
