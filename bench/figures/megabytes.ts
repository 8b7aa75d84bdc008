import { freePort } from '../../test/lab/processes/free-port.ts';
import type { Scope } from '../../test/lab/scope.ts';
import type { Figure, Row } from '../harness/figure.ts';
import { issueToken, startGatehouse } from '../harness/gatehouse.ts';
import type { Lab } from '../harness/lab.ts';
import { startNginx } from '../harness/nginx.ts';
import type { Server } from '../harness/server.ts';
import { FILE_PATH, MEGABYTE, UPLOAD_PATH } from '../harness/upstream.ts';
import { runWrk } from '../harness/wrk.ts';
import { service } from '../peers/nginx-service.ts';
import { inTurns, medians } from './in-turns.ts';
import { rateRatio } from './rows-in-turns.ts';

const CONNECTIONS = 8;
const UPLOAD = `wrk.method = 'POST'; wrk.body = string.rep('x', ${MEGABYTE})`;

/** Long bodies, against what C does with them. */
export const megabytes: Figure = {
  name: 'megabytes',
  title: 'Answers and uploads of 1 MiB',
  method: `${CONNECTIONS} connections, with a token, against nginx \`proxy_pass\` on the same core, which checks nothing and streams both ways (no temporary files), in turns.`,
  async measure(scope, lab, { rounds, seconds }) {
    const gatehouse = await startGatehouse(scope, lab, { name: 'megabytes' });
    const nginx = await startStreamingNginx(scope, lab);
    const { token } = await issueToken(gatehouse);
    const headers = { authorization: `Bearer ${token}` };

    const compare = async (what: string, path: string, script: string): Promise<Row> => {
      const through = async ({ url, cpu }: Pick<typeof gatehouse, 'url' | 'cpu'>) => {
        const before = cpu();
        const load = { url: url + path, headers, seconds, connections: CONNECTIONS, script, core: lab.cores.load };
        const { rate, requests } = await runWrk(scope, load);
        return { rate, cpu: (cpu() - before) / requests };
      };
      const measured = await inTurns(
        rounds,
        () => through(gatehouse),
        () => through(nginx),
      );
      const times = medians(measured, ({ cpu }) => cpu);
      const row = rateRatio(measured, `${what} ÷ nginx`, 0.75);
      const cost = times.map((ms) => ms.toFixed(2)).join(' and ');
      return { ...row, note: `${row.note} of 1 MiB, for ${cost} ms of CPU time each` };
    };
    return [await compare('answers', FILE_PATH, ''), await compare('uploads', UPLOAD_PATH, UPLOAD)];
  },
};

/**
 * Starts nginx on the server's core as it forwards long bodies best: no temporary files, uploads passed on as they come, and
 * buffers that fit the pieces.
 */
async function startStreamingNginx(scope: Scope, lab: Lab): Promise<{ url: string } & Pick<Server, 'cpu'>> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const http = () => `
  ${service('orders', lab.upstream.port)}
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 0;
    proxy_request_buffering off;
    proxy_buffer_size 64k;
    proxy_buffers 8 64k;
    proxy_busy_buffers_size 128k;
    proxy_max_temp_file_size 0;
    location / { proxy_pass http://orders; }
  }`;
  const { cpu } = await startNginx(scope, { name: 'nginx', core: lab.cores.server, answersAt: url }, http);
  return { url, cpu };
}
