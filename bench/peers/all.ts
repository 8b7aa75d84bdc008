import { caddy } from './caddy.ts';
import { expressGateway } from './express-gateway.ts';
import { fastify } from './fastify.ts';
import { gatehouseBefore } from './gatehouse-before.ts';
import { haproxy } from './haproxy.ts';
import { koaUndici } from './koa-undici.ts';
import { nginx } from './nginx.ts';
import { nginxAuthBasic } from './nginx-auth-basic.ts';
import { nginxAuthRequest } from './nginx-auth-request.ts';
import type { Peer } from './peer.ts';

/** In the order of the report. */
export const peers: readonly Peer[] = [
  gatehouseBefore,
  koaUndici,
  nginxAuthRequest,
  fastify,
  expressGateway,
  caddy,
  nginxAuthBasic,
  haproxy,
  nginx,
];
