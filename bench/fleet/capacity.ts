import type { Cost } from './cost.ts';

/** What a fleet must carry. `deliveriesPerMinute`: to each client. `readers`: clients that get one message. */
export type Demand = { clients: number; deliveriesPerMinute: number; readers: number };

/** What it needs. `backWithinSeconds`: all clients, after the fleet was away. */
export type Need = { instances: number; cores: number; bytes: number; shards: number; backWithinSeconds: number };

/** Of a processor. The rest is for bursts, and for the clients of an instance that is away. */
export const USED_SHARE = 0.6;

/**
 * What a message costs Redis grows with the instances that its readers are spread over. Two runs give a straight line.
 * A message never reaches more instances than it has readers.
 */
const redisSecondsAt = (costs: readonly Cost[], instances: number): number => {
  const sorted = costs.toSorted((a, b) => a.instances - b.instances);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most) return Number.NaN;
  const span = most.instances - least.instances;
  const slope = span === 0 ? 0 : (most.redisSecondsPerMessage - least.redisSecondsPerMessage) / span;
  return least.redisSecondsPerMessage + Math.max(0, slope) * (instances - least.instances);
};

/**
 * What a demand needs, from what smaller fleets used. An instance is one process, so it uses one processor at most. It gets no
 * more sockets than an instance had in the measurement. `acceptsPerSecond`: new sockets that one instance admits.
 *
 * @example
 * needOf({ clients: 1_000_000, deliveriesPerMinute: 1, readers: 20 }, costs, 200).instances; // 100
 */
export const needOf = (demand: Demand, costs: readonly Cost[], acceptsPerSecond: number): Need => {
  const { clients, deliveriesPerMinute, readers } = demand;
  const most = (of: (cost: Cost) => number): number => Math.max(...costs.map(of));
  const deliveries = (clients * deliveriesPerMinute) / 60;
  const cores = clients * most((cost) => cost.idleSeconds) + deliveries * most((cost) => cost.deliverySeconds);
  const bySockets = clients / most(({ sockets, instances }) => sockets / instances);
  const instances = Math.ceil(Math.max(bySockets, cores / USED_SHARE));
  const reached = Math.min(readers, instances);
  const redisCores = (deliveries / readers) * redisSecondsAt(costs, reached);
  const dials = instances * Math.min(acceptsPerSecond, USED_SHARE / most((cost) => cost.dialSeconds));
  return {
    instances,
    cores,
    bytes: clients * most((cost) => cost.socketBytes) + instances * most((cost) => cost.instanceBytes),
    shards: Math.ceil(redisCores / USED_SHARE),
    backWithinSeconds: clients / dials,
  };
};
