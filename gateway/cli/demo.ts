import { fileURLToPath } from 'node:url';
import type { Gateway } from '../compose/ops-listener.ts';
import { startGateway } from '../compose/service.ts';
import { OperatorError } from '../domain/errors.ts';
import { hashPassword } from '../identify/passwords/password.ts';
import { PortTaken } from '../ops/listen.ts';
import { createLog, type Logger, print } from '../ops/log.ts';
import { loadSettings } from '../settings/read/load.ts';
import type { Settings } from '../settings/schema/settings.ts';
import { sqlAccountStore } from '../stores/accounts/store.ts';
import { openDatabase } from '../stores/database/connection.ts';
import { migrate } from '../stores/database/migrate.ts';
import { startExampleUpstream } from './example-upstream.ts';
import { sendOutputToLog } from './output-to-log.ts';
import { showConfiguration } from './shown-configuration.ts';

const EMAIL = 'demo@example.com';
const PASSWORD = 'demo';
const CONFIG = fileURLToPath(new URL('../../config/demo.yaml', import.meta.url));

/** Runs a gateway, an example upstream and a demo account in one process, and prints commands to try. */
export async function startDemo(): Promise<{ log: Logger; close(): Promise<void> }> {
  const upstream = await startExampleUpstream({ host: '127.0.0.1', port: 0 });
  try {
    const settings = loadSettings(CONFIG, { ...process.env, EXAMPLE_UPSTREAM: upstream.url });
    requireLoopback(settings);
    const log = createLog(settings.log);
    sendOutputToLog(log);
    await addDemoAccount(settings);
    const gateway = await startOnFreePorts(settings, log);
    print(log, welcome(gateway));
    return {
      log,
      async close() {
        await gateway.close();
        await upstream.close();
      },
    };
  } catch (error) {
    await upstream.close();
    throw error;
  }
}

/** The README prints the demo account's password, so only this machine may connect. */
function requireLoopback({ listen, ops }: Settings): void {
  for (const { host } of [listen, ops]) {
    if (host === undefined || /^127(?:\.\d{1,3}){3}$/.test(host) || host === '::1' || host === 'localhost') continue;
    throw new OperatorError(
      `Demo mode listens only on loopback, because its password is public; ${host} is not loopback. ` +
        'Unset GATEHOUSE_HOST, or write a configuration and run: npx gatehouse start --config FILE',
    );
  }
}

async function addDemoAccount(settings: Settings): Promise<void> {
  const database = openDatabase(settings.database.url, settings.database);
  try {
    await migrate(database);
    const accounts = sqlAccountStore(database);
    if ((await accounts.findByLogin(EMAIL)) !== null) return;
    const passwordHash = await hashPassword(PASSWORD, settings.accounts.passwordCost);
    await accounts.add({ email: EMAIL, passwordHash, confirmed: true });
  } finally {
    await database.close();
  }
}

/** Replaces a port that is taken by any free one, so that the demo always starts. */
async function startOnFreePorts(settings: Settings, log: Logger): Promise<Gateway> {
  try {
    return await startGateway(settings, log, showConfiguration(CONFIG, settings));
  } catch (error) {
    if (!(error instanceof PortTaken) || error.setting === 'listen.redirect') throw error;
    print(log, `${error.message.replace(/ Set .*/, '')} The demo takes a free one.\n`);
    return await startOnFreePorts({ ...settings, [error.setting]: { ...settings[error.setting], port: 0 } }, log);
  }
}

function welcome({ url, opsUrl }: Gateway): string {
  const account = `${EMAIL}:${PASSWORD}`;
  return `
Gatehouse is running at ${url} (demo mode: SQLite, no Redis, an example upstream)

Account   ${EMAIL}
Password  ${PASSWORD}
Pages     ${url}/account
Health    ${opsUrl}/health/ready

Send a request with the password:
  curl -u ${account} ${url}/api/v1/example/hello

Get a token (with -d '{"scope":"example:read"}', one that may only read):
  curl -u ${account} -X POST ${url}/api/v1/tokens/

Use a token:
  curl -u "$(curl -s -u ${account} -X POST ${url}/api/v1/tokens/ | cut -d'"' -f4):" ${url}/api/v1/example/hello

Ctrl-C stops it. The log follows.

`;
}
