import { Client } from 'undici';
import { programArguments } from './harness/arguments.ts';

/** Sends requests one after the other and prints how long each took, in milliseconds, as JSON. */
const usage = 'node bench/latencies.ts ORIGIN PATH AUTHORIZATION SECONDS';
const [origin = '', path = '', authorization = '', seconds = ''] = programArguments(usage);

const client = new Client(origin);
const taken: number[] = [];
const until = performance.now() + Number(seconds) * 1_000;
while (performance.now() < until) {
  const begun = performance.now();
  const { statusCode, body } = await client.request({ path, method: 'GET', headers: { authorization } });
  await body.dump();
  if (statusCode !== 200) throw new Error(`answered with ${statusCode}`);
  taken.push(performance.now() - begun);
}
await client.close();
console.log(JSON.stringify(taken));
