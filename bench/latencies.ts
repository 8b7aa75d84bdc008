import { Client } from 'undici';

/** Sends requests one after the other and prints how long each took, in milliseconds, as JSON. */
const [origin = '', path = '', authorization = '', seconds = ''] = process.argv.slice(2);

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
