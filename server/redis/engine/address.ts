export type StoreUser = { username: string | undefined; password: string | undefined };

/** Where the engine is. `direct`: one address. `sentinel`: the sentinels know the master. `cluster`: any nodes of it. */
export type StoreAddress = {
  kind: 'direct' | 'sentinel' | 'cluster';
  nodes: readonly { host: string; port: number }[];
  /** Name of the master, for sentinels. */
  master: string;
  tls: boolean;
  username: string | undefined;
  password: string | undefined;
  /** Of the sentinels, which have accounts of their own. */
  sentinel: StoreUser;
  database: number;
  /** Before all keys and channels. */
  prefix: string;
  /** Replicas that must have a durable write before it counts. */
  replicas: number;
};

/** The setting is no address of a store. The message says what one is. */
export class StoreAddressError extends Error {
  override readonly name = 'StoreAddressError';
}

const SCHEMES: Readonly<Record<string, Pick<StoreAddress, 'kind' | 'tls'>>> = {
  redis: { kind: 'direct', tls: false },
  rediss: { kind: 'direct', tls: true },
  'redis+sentinel': { kind: 'sentinel', tls: false },
  'rediss+sentinel': { kind: 'sentinel', tls: true },
  'redis+cluster': { kind: 'cluster', tls: false },
  'rediss+cluster': { kind: 'cluster', tls: true },
};

const SHAPE = /^([a-z+]+):\/\/(?:([^@/]*)@)?([^/?]+)(?:\/([^?]*))?(?:\?(.*))?$/;
const NODE = /^(\[[\da-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i;
const DEFAULT_PORT = 6_379;
const DEFAULT_SENTINEL_PORT = 26_379;
const MAX_PORT = 65_535;
const MAX_REPLICAS = 10;
/** Redis has 16 databases, and more where its settings say so. */
const MAX_DATABASE = 1_023;
/** A setting with a typing error must not go unnoticed: `?replica=1` would promise nothing. */
const SETTINGS: ReadonlySet<string> = new Set(['replicas', 'prefix', 'sentinelUser', 'sentinelPassword']);
const PREFIX = /^[\w:-]{1,32}$/;

const EXAMPLE =
  'Use redis://user:password@host:6379/0, rediss:// for TLS, redis+sentinel://host,host/master or redis+cluster://host,host; ' +
  'with ?replicas=1 a session is written to a replica before the answer, and ?prefix=name: lets applications share an engine.';

const fail = (what: string): never => {
  throw new StoreAddressError(`STORE ${what}. ${EXAMPLE}`);
};

const nodesFrom = (text: string, defaultPort: number): StoreAddress['nodes'] =>
  text.split(',').map((each) => {
    const [, host = '', digits] = NODE.exec(each) ?? [];
    const port = Number(digits ?? defaultPort);
    if (host === '' || port < 1 || port > MAX_PORT) return fail(`has a node that is no host:port: "${each}"`);
    return { host: host.replaceAll(/[[\]]/g, ''), port };
  });

const countFrom = (text: string | null, name: string, max: number): number => {
  const value = Number(text ?? 0);
  return Number.isInteger(value) && value >= 0 && value <= max
    ? value
    : fail(`has a ${name} that is no number from 0 to ${max}`);
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return fail('has a user or password with a "%" that is not written as %25');
  }
};

const credentialsFrom = (text: string | undefined): StoreUser => {
  const at = text?.indexOf(':') ?? -1;
  if (text === undefined || text === '') return { username: undefined, password: undefined };
  const [user, password] = at === -1 ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
  return { username: decoded(user) || undefined, password: decoded(password) };
};

const databaseFrom = (kind: StoreAddress['kind'], path: string): number => {
  if (kind === 'sentinel') return 0;
  const database = countFrom(path || null, 'database', MAX_DATABASE);
  // https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#implemented-subset
  return kind === 'cluster' && database !== 0 ? fail('has a database, but a cluster has only number 0') : database;
};

/** Reads a setting. Throws `StoreAddressError`, whose message does not repeat a password. */
export const parseStoreAddress = (text: string): StoreAddress => {
  const [, scheme = '', user, hosts = '', path = '', query = ''] = SHAPE.exec(text) ?? [];
  const known = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (!known) return fail('is no address of a store');
  const isSentinel = known.kind === 'sentinel';
  if (isSentinel && path === '') return fail('has no name of a master');
  const settings = new URLSearchParams(query);
  const unknown = [...settings.keys()].find((name) => !SETTINGS.has(name));
  if (unknown !== undefined) return fail(`has the unknown setting "${unknown}"`);
  const replicas = countFrom(settings.get('replicas'), 'replicas', MAX_REPLICAS);
  // `WAIT` concerns the node that has the connection, and each key of a cluster has another node.
  if (known.kind === 'cluster' && replicas > 0) return fail('is a cluster, which cannot promise replicas');
  const prefix = settings.get('prefix') ?? 'sk:';
  if (!PREFIX.test(prefix)) return fail('has a prefix with characters other than letters, digits, ":", "_" and "-"');
  return {
    ...known,
    ...credentialsFrom(user),
    nodes: nodesFrom(hosts, isSentinel ? DEFAULT_SENTINEL_PORT : DEFAULT_PORT),
    master: isSentinel ? path : '',
    sentinel: {
      username: settings.get('sentinelUser') ?? undefined,
      password: settings.get('sentinelPassword') ?? undefined,
    },
    database: databaseFrom(known.kind, path),
    prefix,
    replicas,
  };
};
