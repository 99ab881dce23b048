/**
 * `npm run bench:proxy`: what the lab's proxy adds to a request. It must add at most 5 ms at the median. Requests through
 * the proxy and without it take turns, so that other work on the machine slows both.
 */
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { seededChance } from '../lab/base/chance.ts';
import { startNetwork } from '../lab/proxy/network.ts';

const LIMIT_MS = 5;
const REQUESTS = 2_000;

const server = createServer((_incoming, outgoing) => outgoing.writeHead(200).end('{}'));
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' && address ? address.port : 0;
const network = await startNetwork({
  route: { type: 'fixed', target: { host: '127.0.0.1', port } },
  protocol: 'http',
  chance: seededChance(1),
});

const timerFor = (to: number): (() => Promise<number>) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return async () => {
    const startedAt = performance.now();
    const sent = request({ host: '127.0.0.1', port: to, agent });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [NodeJS.ReadableStream];
    answer.resume();
    await once(answer, 'end');
    return performance.now() - startedAt;
  };
};
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;

const [direct, through] = [timerFor(port), timerFor(network.port)];
const times: { direct: number[]; through: number[] } = { direct: [], through: [] };
for (let index = 0; index < REQUESTS; index += 1) {
  times.direct.push(await direct());
  times.through.push(await through());
}
const added = median(times.through) - median(times.direct);
console.log(`median of ${REQUESTS} requests: ${median(times.direct).toFixed(2)} ms without the proxy`);
console.log(
  `${median(times.through).toFixed(2)} ms through it: it adds ${added.toFixed(2)} ms, at most ${LIMIT_MS} ms`,
);
await network.stop();
server.close();
process.exit(added <= LIMIT_MS ? 0 : 1);
