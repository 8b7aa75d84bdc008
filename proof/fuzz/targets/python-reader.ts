import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { OperatorError } from '../../../gateway/domain/errors.ts';
import type { Scope } from '../../../test/lab/scope.ts';

/** The paths that Python's urllib.parse reads in a target, each character an octet. */
export interface PythonReading {
  /** `urlsplit` of the target alone, as `http.server` and WSGI servers get it. */
  readonly alone: string;
  /** `urlsplit` of the target behind scheme and host. */
  readonly inUrl: string;
}

const PROGRAM = `
import json, sys
from urllib.parse import unquote_to_bytes, urlsplit
def path(url):
    try:
        return unquote_to_bytes(urlsplit(url).path.encode('latin-1')).decode('latin-1')
    except ValueError as error:
        return 'refused: ' + str(error)
for line in sys.stdin:
    target = json.loads(line)
    print(json.dumps([path(target), path('http://gateway.test' + target)]), flush=True)
`;
const PYTHON = '/usr/bin/python3';

/** Starts Debian's Python, which reads one target after another. */
export function startPython(scope: Scope): (target: string) => Promise<PythonReading> {
  if (!existsSync(PYTHON)) throw new OperatorError(`The campaign needs ${PYTHON}: sudo apt-get install python3`);
  const child = spawn(PYTHON, ['-c', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
  scope.teardown(() => child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return async (target) => {
    child.stdin.write(`${JSON.stringify(target)}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error('Python has ended');
    const [alone, inUrl] = JSON.parse(value) as [string, string];
    return { alone, inUrl };
  };
}
