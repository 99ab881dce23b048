import type { Chance } from '../../base/chance.ts';
import { isObject, own } from '../../../src/protocol/schema/json.ts';
import { object, string, union, type Infer } from '../../../src/protocol/schema/schema.ts';
import { count, ifAbsent, numberIn, oneOf, optional } from '../../../src/protocol/schema/schema-types.ts';

/**
 * The toxics of Toxiproxy (https://github.com/Shopify/toxiproxy#toxics), with its names, attributes and units: ms, bytes,
 * kilobytes per second, and microseconds for the pause of `slicer`.
 */
const ATTRIBUTES = union('type', {
  /** Delays each piece by `latency` ± `jitter` ms. */
  latency: { latency: ifAbsent(count, 0), jitter: ifAbsent(count, 0) },
  /** Passes `rate` kilobytes each second. */
  bandwidth: { rate: ifAbsent(count, 0) },
  /** Delays the end of the stream by `delay` ms. */
  slow_close: { delay: ifAbsent(count, 0) },
  /** Drops all data, and closes the connection after `timeout` ms; 0: never. */
  timeout: { timeout: ifAbsent(count, 0) },
  /** Resets the connection after `timeout` ms. */
  reset_peer: { timeout: ifAbsent(count, 0) },
  /** Cuts data into pieces of `average_size` ± `size_variation` bytes, `delay` µs apart. */
  slicer: { average_size: ifAbsent(count, 0), size_variation: ifAbsent(count, 0), delay: ifAbsent(count, 0) },
  /** Closes the connection after `bytes` bytes. */
  limit_data: { bytes: ifAbsent(count, 0) },
});

export type ToxicAttributes = Infer<typeof ATTRIBUTES>;
export type ToxicType = ToxicAttributes['type'];

/** `upstream`: from the client to the server. */
const STREAM = oneOf('upstream', 'downstream');
export type StreamDirection = Infer<typeof STREAM>;

const HEAD = object({
  name: optional(string),
  type: string,
  stream: ifAbsent(STREAM, 'downstream'),
  toxicity: ifAbsent(numberIn(0, 1), 1),
});

/** `toxicity`: the share of connections that it affects, from 0 to 1. */
export type Toxic = {
  readonly name: string;
  readonly stream: StreamDirection;
  readonly toxicity: number;
  readonly attributes: ToxicAttributes;
};

/** Reads the body of `POST /proxies/{name}/toxics`. `undefined` when it does not fit. */
export const readToxic = (body: unknown): Toxic | undefined => {
  const head = HEAD.read(body);
  if (!head || !isObject(body)) return undefined;
  const given = own(body, 'attributes');
  const attributes = ATTRIBUTES.read({ ...(isObject(given) ? given : {}), type: head.type });
  if (!attributes) return undefined;
  return {
    name: head.name ?? `${head.type}_${head.stream}`,
    stream: head.stream,
    toxicity: head.toxicity,
    attributes,
  };
};

/** As the HTTP interface shows it. */
export const toxicToJson = ({ name, stream, toxicity, attributes: { type, ...attributes } }: Toxic): object => ({
  attributes,
  name,
  type,
  stream,
  toxicity,
});

/** The toxics of one proxy. They affect open connections too. */
export type Toxics = {
  all(): readonly Toxic[];
  find(name: string): Toxic | undefined;
  /** Adds it, or replaces the one with the same name. */
  set(toxic: Toxic): void;
  /** Returns whether there was one. */
  remove(name: string): boolean;
  clear(): void;
};

export const createToxics = (): Toxics => {
  const toxics = new Map<string, Toxic>();
  return {
    all: () => [...toxics.values()],
    find: (name) => toxics.get(name),
    set: (toxic) => void toxics.set(toxic.name, toxic),
    remove: (name) => toxics.delete(name),
    clear: () => toxics.clear(),
  };
};

/** The toxics that affect one direction of one connection. Chance decides once for each of them. */
export const toxicsOfConnection = (
  toxics: Toxics,
  stream: StreamDirection,
  chance: Chance,
): (() => readonly Toxic[]) => {
  const decided = new WeakMap<Toxic, boolean>();
  const affects = (toxic: Toxic): boolean => {
    const known = decided.get(toxic) ?? chance() < toxic.toxicity;
    decided.set(toxic, known);
    return known;
  };
  return () => toxics.all().filter((toxic) => toxic.stream === stream && affects(toxic));
};
