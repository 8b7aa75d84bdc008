import { runGateway } from './gateway.mjs';

await runGateway(['start', '--demo', ...process.argv.slice(2)]);
