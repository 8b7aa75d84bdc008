import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../lab/processes/free-port.ts';
import { startProcess } from '../../lab/processes/server-process.ts';
import type { Scope } from '../../lab/scope.ts';
import { holds } from '../../lab/waiting/condition.ts';
import { findUpstreamServer, type UpstreamServer } from '../services/upstream-servers.ts';

/** Responds with the server's variables for a request, and the body; `/log` returns all earlier requests. */
const PYTHON = `
import json, sys, threading
seen = []
turn = threading.Semaphore(0)
def application(env, start):
    if env['PATH_INFO'].endswith('/log'):
        text = json.dumps(seen)
    elif env['PATH_INFO'] == '/go':
        turn.release()
        text = '{}'
    else:
        seen.append({'path': env['PATH_INFO'], 'user': env.get('HTTP_X_USER_ID')})
        print('began', file=sys.stderr, flush=True)
        if env['PATH_INFO'].endswith('/held'):
            turn.acquire(timeout=60)
        try:
            body = env['wsgi.input'].read(int(env.get('CONTENT_LENGTH') or 0))
        except ValueError:
            body = b''
        variables = {name: value for name, value in env.items() if isinstance(value, str)}
        text = json.dumps({'variables': variables, 'body': body.decode('latin1')})
    start('200 OK', [('Content-Type', 'application/json'), ('Content-Length', str(len(text)))])
    return [text.encode()]
`;

const PHP = `<?php
$file = __DIR__ . '/seen.json';
$seen = file_exists($file) ? json_decode(file_get_contents($file)) : [];
header('Content-Type: application/json');
if (str_ends_with($_SERVER['REQUEST_URI'], '/log')) { echo json_encode($seen); return; }
$seen[] = ['path' => $_SERVER['REQUEST_URI'], 'user' => $_SERVER['HTTP_X_USER_ID'] ?? null];
file_put_contents($file, json_encode($seen));
$variables = array_filter($_SERVER, 'is_string');
echo json_encode(['variables' => $variables, 'body' => file_get_contents('php://input')]);
`;

const COMMANDS: Readonly<Record<UpstreamServer, (address: string, folder: string) => readonly string[]>> = {
  uWSGI: (address, folder) => [
    ...['--plugin', 'python3', '--http11-socket', address, '--wsgi-file', join(folder, 'app.py')],
    ...['--buffer-size', '32768', '--threads', '8', '--need-app'],
  ],
  gunicorn: (address, folder) => [
    ...['--bind', address, '--worker-class', 'gthread', '--threads', '2', '--keep-alive', '60'],
    ...['--limit-request-fields', '500', '--chdir', folder, 'app:application'],
  ],
  PHP: (address, folder) => ['-S', address, join(folder, 'index.php')],
};

export interface Application {
  readonly url: string;
  /** The requests that have started. PHP starts none before its whole body has arrived. */
  begun(): number;
  /** Continues one request for `/held`, which waits before it reads its body. With PHP, none waits. */
  go(): Promise<void>;
}

/** Starts a program behind a server that turns header fields into variables. */
export async function application(t: Scope, server: UpstreamServer): Promise<Application> {
  const program = await findUpstreamServer(server);
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-application-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'app.py'), PYTHON);
  writeFileSync(join(folder, 'index.php'), PHP);
  const address = `127.0.0.1:${await freePort()}`;
  const running = startProcess(program, COMMANDS[server](address, folder));
  t.teardown(() => running.end('SIGKILL'));
  let told = '';
  for (const output of [running.stdout, running.stderr]) {
    output.setEncoding('utf8');
    output.on('data', (text: string) => {
      told += text;
    });
  }
  const url = `http://${address}`;
  await holds(`${server} answers`, async () => {
    if (running.ended) throw new Error(`${server} has ended: ${told.slice(-2_000)}`);
    return await fetch(`${url}/log`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  return {
    url,
    begun: () => told.split('began\n').length - 1,
    async go() {
      if (server !== 'PHP') await fetch(`${url}/go`);
    },
  };
}
