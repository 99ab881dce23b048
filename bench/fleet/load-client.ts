/** What the load needs of a client. `latencies`: ms from publisher to reader, for each message that it received. */
export type LoadClient = {
  readonly sight: { readonly latencies: readonly number[] };
  readonly isOpen: boolean;
  /** Messages that no server has acknowledged yet. */
  readonly unacked: number;
  publish(id: string): void;
  close(): void;
};
