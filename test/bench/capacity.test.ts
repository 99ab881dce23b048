import { describe, expect, test } from 'vitest';
import { needOf, USED_SHARE } from '../../bench/fleet/capacity.ts';
import type { Cost } from '../../bench/fleet/cost.ts';

/** 1,000 sockets for each instance; round numbers. */
const cost = (instances: number, more: Partial<Cost> = {}): Cost => ({
  ...{ server: 'keeper', instances, sockets: 1_000 * instances, messages: 100, deliveries: 2_000, p50: 1, p99: 2 },
  ...{ socketBytes: 10_000, instanceBytes: 100_000_000, dialSeconds: 0.001, idleSeconds: 1e-6 },
  ...{ deliverySeconds: 60e-6, redisSecondsPerMessage: 100e-6, ...more },
});
const CHAT = { clients: 60_000, deliveriesPerMinute: 10, readers: 20 };

describe('needOf', () => {
  test('gives no instance more sockets than one had in the measurement', () => {
    expect(needOf({ ...CHAT, deliveriesPerMinute: 0 }, [cost(1)], 200).instances).toBe(60);
    expect(needOf({ ...CHAT, deliveriesPerMinute: 0 }, [cost(2), cost(4, { sockets: 8_000 })], 200).instances).toBe(30);
  });

  test('counts processors for heartbeats and deliveries', () => {
    const { cores } = needOf(CHAT, [cost(1)], 200);
    expect(cores).toBeCloseTo(60_000 * 1e-6 + 10_000 * 60e-6);
  });

  test('needs more instances than for the sockets when they deliver much', () => {
    const { instances, cores } = needOf({ ...CHAT, deliveriesPerMinute: 6_000 }, [cost(1)], 200);
    expect(instances).toBe(Math.ceil(cores / USED_SHARE));
    expect(instances).toBeGreaterThan(60);
  });

  test('takes the memory of sockets and of instances', () => {
    expect(needOf(CHAT, [cost(1)], 200).bytes).toBe(60_000 * 10_000 + 60 * 100_000_000);
  });

  test('lets the cost of a message for Redis grow with the instances that it reaches, up to its readers', () => {
    const growing = [cost(1), cost(3, { redisSecondsPerMessage: 300e-6 })];
    const busy = { ...CHAT, deliveriesPerMinute: 1_200, readers: 20 };
    // 60,000 messages a second at 100 µs + 19 × 100 µs.
    expect(needOf(busy, growing, 200).shards).toBe(Math.ceil((60_000 * 2_000e-6) / USED_SHARE));
    expect(needOf({ ...busy, readers: 1 }, growing, 200).shards).toBe(Math.ceil((1_200_000 * 100e-6) / USED_SHARE));
  });

  test('takes the time to return from what an instance admits, or from what its processor can do', () => {
    expect(needOf(CHAT, [cost(1)], 200).backWithinSeconds).toBeCloseTo(60_000 / (60 * 200));
    expect(needOf(CHAT, [cost(1, { dialSeconds: 0.01 })], 200).backWithinSeconds).toBeCloseTo(
      60_000 / (60 * (USED_SHARE / 0.01)),
    );
  });
});
