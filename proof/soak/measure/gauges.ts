import type { SoakNode } from '../gateway/node.ts';
import type { Values } from '../samples.ts';

/** By the series' names in the gateway's metrics. */
const GAUGES: Readonly<Record<string, string>> = {
  gatehouse_requests_in_flight: 'requests in flight',
  gatehouse_websockets_open: 'open WebSockets',
  gatehouse_denylist_tokens: 'revocations in memory',
};

/** What a gateway says of itself, as the sum over its workers; and how long its metrics are. */
export async function gaugesOf({ opsUrl }: Pick<SoakNode, 'opsUrl'>): Promise<Values> {
  const text = await (await fetch(`${opsUrl}/metrics`)).text();
  const values: Record<string, number> = {
    'series of metrics': text.split('\n').filter((line) => /^\w/.test(line)).length,
  };
  for (const [name, shown] of Object.entries(GAUGES)) {
    values[shown] = Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  }
  return values;
}
