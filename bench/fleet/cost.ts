/** What one server did and used in one run of the load. Bytes, and seconds of a processor. */
export type Cost = {
  server: string;
  instances: number;
  sockets: number;
  /** Per second. */
  messages: number;
  deliveries: number;
  /** Of the delivery (ms). */
  p50: number;
  p99: number;
  socketBytes: number;
  /** An instance without sockets. */
  instanceBytes: number;
  /** One more connection: its ticket, its socket and its subscription. */
  dialSeconds: number;
  /** A socket that only has its heartbeat, for one second. */
  idleSeconds: number;
  /** One delivery, with its share of the publication. */
  deliverySeconds: number;
  redisSecondsPerMessage: number;
};

const micro = (seconds: number): string => `${(seconds * 1e6).toFixed(0)} µs`;

/** The rows of two tables: what was delivered, and what it used. */
export const tablesOf = (costs: readonly Cost[]): readonly string[][][] => [
  [
    ['server', 'instances', 'sockets', 'messages/s', 'deliveries/s', 'delivery p50 / p99 (ms)'],
    ...costs.map(({ server, instances, sockets, messages, deliveries, p50, p99 }) => [
      ...[server, String(instances), String(sockets), messages.toFixed(0), deliveries.toFixed(0), `${p50} / ${p99}`],
    ]),
  ],
  [
    [
      'server',
      'instances',
      'memory: instance',
      'socket',
      'processor: connection',
      'idle socket',
      'delivery',
      'Redis, message',
    ],
    ...costs.map((cost) => [
      cost.server,
      String(cost.instances),
      `${(cost.instanceBytes / 1e6).toFixed(0)} MB`,
      `${(cost.socketBytes / 1e3).toFixed(1)} kB`,
      micro(cost.dialSeconds),
      `${micro(cost.idleSeconds)} a second`,
      micro(cost.deliverySeconds),
      micro(cost.redisSecondsPerMessage),
    ]),
  ],
];
