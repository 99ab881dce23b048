import type { NotifyOperator } from '../data-folder/operator-notice.ts';
import type { StoreAddress } from './engine/address.ts';
import type { Engine } from './engine/engine.ts';
import { pairsOf } from './redis-store.ts';

const MIN_VERSION = 7;

const setting = async (engine: Engine, name: string): Promise<string | undefined> => {
  // Managed services often forbid CONFIG.
  const reply = await engine.run('', ['CONFIG', 'GET', name]).catch(() => undefined);
  return pairsOf(reply)[0]?.[1];
};

const infoOf = async (engine: Engine, section: string, name: RegExp): Promise<string | undefined> => {
  const reply = await engine.run('', ['INFO', section]).catch(() => undefined);
  return typeof reply === 'string' ? name.exec(reply)?.[1] : undefined;
};

const find = async (engine: Engine, address: StoreAddress): Promise<string> => {
  const [policy, appendOnly, version, replicas] = await Promise.all([
    setting(engine, 'maxmemory-policy'),
    setting(engine, 'appendonly'),
    infoOf(engine, 'server', /redis_version:(\d+)/),
    infoOf(engine, 'replication', /connected_slaves:(\d+)/),
  ]);
  const found: string[] = [];
  if (policy !== undefined && policy !== 'noeviction')
    found.push(`maxmemory-policy is ${policy}: it removes sessions when memory is short. Set it to noeviction.`);
  if (appendOnly === 'no') found.push('appendonly is no: a restart loses all sessions. Set it to yes.');
  if (version !== undefined && Number(version) < MIN_VERSION)
    found.push(`version ${version} is older than ${MIN_VERSION}.`);
  if (replicas !== undefined && Number(replicas) < address.replicas)
    found.push(`it has ${replicas} replicas, but the address requires ${address.replicas}.`);
  return found.join(' ');
};

/** Returns a check that warns of settings of the engine that lose sessions, each time that it finds others. */
export const createSettingsCheck = (
  engine: Engine,
  address: StoreAddress,
  notify: NotifyOperator,
): (() => Promise<void>) => {
  let former = '';
  return async () => {
    const reason = await find(engine, address);
    if (reason !== former && reason !== '') notify({ type: 'store-settings', reason });
    former = reason;
  };
};
