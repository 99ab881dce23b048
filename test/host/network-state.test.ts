import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createNetworkState } from '../../src/host/session/network-state.ts';

let now = 0;
let written: string[] = [];
let changes: boolean[] = [];
const start = (onLine: boolean) => {
  vi.stubGlobal('navigator', { onLine });
  const network = createNetworkState(
    () => now,
    { write: (_machine, what) => written.push(what) },
    (online) => changes.push(online),
  );
  network.start();
  return network;
};
beforeEach(() => {
  now = 0;
  written = [];
  changes = [];
});
afterEach(() => vi.unstubAllGlobals());

describe('the network state', () => {
  test('is online again when a server answers although the browser says offline [online-lies]', () => {
    const network = start(true);
    network.nudged('offline');
    now = 2_000;
    network.proved(now);
    expect(network.online).toBe(true);
    expect(written).toEqual(['down', 'up']);
    expect(changes).toEqual([false, true]);
  });

  test('stays offline when an answer was on its way before the loss', () => {
    const network = start(true);
    now = 5_000;
    network.nudged('offline');
    now = 5_100;
    network.proved(now);
    network.proved(1_000);
    expect(network.online).toBe(false);
  });

  test('keeps what a server proved when a page becomes visible under a browser that says offline', () => {
    const network = start(false);
    now = 2_000;
    network.proved(now);
    network.nudged('visible');
    expect(network.online).toBe(true);
    network.nudged('offline');
    expect(network.online).toBe(false);
  });

  test('writes nothing at a restart of the worker until a server answers or the network is lost', () => {
    const network = start(true);
    network.nudged('visible');
    expect(written).toEqual([]);
    network.proved(now);
    network.proved(now);
    expect(written).toEqual(['up']);
  });

  test('writes a loss at the start without a network', () => {
    start(false);
    expect(written).toEqual(['down']);
  });
});
