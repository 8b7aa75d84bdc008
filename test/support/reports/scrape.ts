import { holds } from '../../lab/waiting/condition.ts';
import { type Exposition, parseExposition, valuesOf } from './exposition.ts';

/** The number of requests, by route, method and class of status. */
export const REQUESTS = 'gatehouse_request_duration_seconds_count';

export async function scrape({ opsUrl }: { readonly opsUrl: string }): Promise<Exposition> {
  const answer = await fetch(`${opsUrl}/metrics`);
  if (answer.status !== 200) throw new Error(`metrics: ${answer.status}`);
  return parseExposition(await answer.text());
}

/**
 * A scrape after a number of requests. A request is counted when its connection has finished it, possibly after the
 * response has arrived.
 */
export async function scrapeAfter(gateway: { readonly opsUrl: string }, requests: number): Promise<Exposition> {
  let scraped = await scrape(gateway);
  const counted = () => Object.values(valuesOf(scraped, REQUESTS)).reduce((one, other) => one + other, 0);
  await holds(`${requests} requests are counted`, async () => {
    if (counted() < requests) scraped = await scrape(gateway);
    return counted() >= requests;
  });
  return scraped;
}
