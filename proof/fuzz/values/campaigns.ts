import type { Campaign } from '../campaign.ts';
import { addresses } from './addresses.ts';
import { authorization } from './authorization.ts';
import { configurations } from './configurations.ts';
import { forwarding } from './forwarding.ts';
import { hashes } from './hashes.ts';
import { jsonBodies } from './json-bodies.ts';
import { pages } from './pages.ts';
import { proxyHeaders } from './proxy-headers.ts';
import { redisAnswers } from './redis-answers.ts';
import { sqlAnswers } from './sql-answers.ts';
import { tokens } from './tokens.ts';

/** Values that strangers or operators choose, each read by the part of the gateway that reads it. */
export const VALUES: readonly Campaign[] = [
  addresses,
  authorization,
  configurations,
  forwarding,
  hashes,
  jsonBodies,
  pages,
  proxyHeaders,
  redisAnswers,
  sqlAnswers,
  tokens,
].map(tellingThrows);

/** What throws is a difference too, with its input. */
function tellingThrows({ name, open }: Campaign): Campaign {
  return {
    name,
    async open(scope) {
      const search = await open(scope);
      return {
        ...search,
        async compare(bytes, seed) {
          try {
            return await search.compare(bytes, seed);
          } catch (error) {
            return { kind: 'throws', difference: `throws ${error}` };
          }
        },
      };
    },
  };
}
