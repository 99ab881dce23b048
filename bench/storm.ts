import { broken, runStorm, type Storm } from '../test/support/load/storm.ts';

/** All clients reconnect at once. test/support/load/storm.ts describes the simulation. */
const STORMS: readonly Storm[] = [
  {
    name: '1,000,000 clients, 30 s outage',
    clients: 1_000_000,
    outageMs: 30_000,
    acceptsPerSecond: 20_000,
    loss: 'unplanned',
    bounds: { peakPerSecond: 60_000, triesPerClient: 2.8, t99s: 80, t100s: 82 },
  },
  {
    name: '1,000,000 clients, planned restart',
    clients: 1_000_000,
    outageMs: 30_000,
    acceptsPerSecond: 20_000,
    loss: 'planned',
    bounds: { triesPerClient: 1.01, t100s: 83 },
  },
  {
    name: '10,000 clients, 2 s blip',
    clients: 10_000,
    outageMs: 2_000,
    acceptsPerSecond: 20_000,
    loss: 'unplanned',
    bounds: { t99s: 3 },
  },
  {
    name: '10,000 clients, 30 s outage',
    clients: 10_000,
    outageMs: 30_000,
    acceptsPerSecond: 20_000,
    loss: 'unplanned',
    bounds: { t99s: 36 },
  },
];

console.log('| storm | peak attempts/s | attempts per client | 50 % back | 99 % back | all back | |');
console.log('|---|---|---|---|---|---|---|');
const [, , only = ''] = process.argv;
for (const storm of STORMS.filter(({ name }) => name.includes(only))) {
  const result = runStorm(storm);
  const faults = broken(storm, result);
  if (faults.length > 0) process.exitCode = 1;
  const cells = [
    storm.name,
    result.peakPerSecond.toLocaleString('en'),
    result.triesPerClient.toFixed(2),
    ...[result.t50s, result.t99s, result.t100s].map((seconds) => `${seconds.toFixed(2)} s`),
    faults.length === 0 ? 'within bounds' : faults.join('; '),
  ];
  console.log(`| ${cells.join(' | ')} |`);
}
