/** Most documents that the worker remembers. A document may never connect. */
const MAX_EXPECTED = 64;

/** When the documents were requested from which tabs may attach (ms since the Unix epoch), by the id of their client. */
export type TabExpectations = {
  /** A browser that has no id for the coming client gives an empty one. */
  add(client: string, at: number): void;
  /** Removes it: a page that returns from the back-forward cache is the same client, and needs a newer proof. */
  take(client: string | undefined): number | undefined;
};

export const createTabExpectations = (): TabExpectations => {
  const expected = new Map<string, number>();
  return {
    add(client, at) {
      const [oldest] = expected.keys();
      if (oldest !== undefined && expected.size >= MAX_EXPECTED) expected.delete(oldest);
      if (client !== '') expected.set(client, at);
    },
    take(client = '') {
      const at = expected.get(client);
      expected.delete(client);
      return at;
    },
  };
};
