import { runGateway } from './gateway.mjs';
import { endWithNpm } from './parent.mjs';

endWithNpm();

await runGateway(['start', '--demo', ...process.argv.slice(2)]);
