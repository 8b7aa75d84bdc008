import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../lab/scope.ts';
import { SELF_SIGNED } from '../../lab/upstreams/self-signed.ts';

/** A real https server at 127.0.0.1, by default with the certificate of `SELF_SIGNED`. */
export async function httpsUpstream(
  t: Scope,
  answer: RequestListener,
  options: ServerOptions = SELF_SIGNED,
): Promise<{ url: string; server: Server }> {
  const server = createServer(options, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
