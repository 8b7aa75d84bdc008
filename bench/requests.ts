import { Client } from 'undici';
import { programArguments } from './harness/arguments.ts';

/** Sends requests with a token on some connections, each as soon as the one before is answered, and prints how many. */
const usage = 'node bench/requests.ts ORIGIN PATH AUTHORIZATION [SECONDS] [CONNECTIONS]';
const [origin = '', path = '', authorization = '', seconds = '1', connections = '16'] = programArguments(usage);

const until = performance.now() + Number(seconds) * 1_000;

async function keepAsking(): Promise<number> {
  const client = new Client(origin);
  let answered = 0;
  while (performance.now() < until) {
    const { statusCode, body } = await client.request({ path, method: 'GET', headers: { authorization } });
    await body.dump();
    if (statusCode !== 200) throw new Error(`answered with ${statusCode}`);
    answered += 1;
  }
  await client.close();
  return answered;
}

const counts = await Promise.all(Array.from({ length: Number(connections) }, keepAsking));
console.log(counts.reduce((sum, count) => sum + count, 0));
