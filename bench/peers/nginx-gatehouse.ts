import { join } from 'node:path';
import { writeRecipe } from '../../test/lab/gateways/recipe.ts';
import { freePort } from '../../test/lab/processes/free-port.ts';
import { startGatehouse } from '../harness/gatehouse.ts';
import { startNginx } from '../harness/nginx.ts';
import type { Peer } from './peer.ts';
import { executable, programVersion } from './versions.ts';

/**
 * nginx that asks Gatehouse, with the recipe as it is printed; both on the one core, and Gatehouse with its log.
 *
 * @param cache the value of `decisions.cache`
 */
export function nginxGatehouse(cache: '0s' | '2s'): Peer {
  const name = cache === '0s' ? 'nginx-gatehouse' : `nginx-gatehouse-${cache}`;
  return {
    name,
    label: cache === '0s' ? 'nginx asking Gatehouse' : `nginx asking Gatehouse, with a cache of ${cache}`,
    does: 'nginx by the printed recipe, and Gatehouse, which decides; both on the one core; with the log of Gatehouse',
    credential: 'token',
    knowsRevocations: true,
    userId: 'id',
    aim: null,
    needs: ['nginx'],
    versions: async () => `nginx ${await programVersion(executable('nginx'), '-v')}, this checkout`,
    async start(scope, lab) {
      const [port, decisions] = [await freePort(), await freePort()];
      const settings = { decisions: { port: decisions, cache }, trustedProxies: ['127.0.0.1'] };
      const gatehouse = await startGatehouse(scope, lab, { name, settings });
      const { configuration } = gatehouse;
      const url = `http://127.0.0.1:${port}`;
      const server = { name, core: lab.cores.server, answersAt: url };
      const nginx = await startNginx(scope, server, async (folder) => {
        await writeRecipe(scope, { proxy: 'nginx', configuration, listen: `127.0.0.1:${port}` }, folder);
        return `include ${join(folder, 'gatehouse.conf')};`;
      });
      return { url, cpu: () => nginx.cpu() + gatehouse.cpu(), emptyOutput: gatehouse.emptyOutput };
    },
  };
}
