/**
 * First parts of the keys whose second part is their owner. One update may read and write several of them, so in a cluster
 * they are on one node: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags.
 */
const OWNED = new Set([
  'note',
  'note-counter',
  'note-receipt',
  'upload',
  'upload-slots',
  'upload-lease',
  'here',
  'host',
]);

/** A closing brace in a name would end the tag early. */
const tagOf = (text: string): string => text.replaceAll('%', '%25').replaceAll('{', '%7B').replaceAll('}', '%7D');

const ownerTag = (owner: string): string => `{u:${tagOf(owner)}}`;

/** Names of keys and channels in the engine. */
export type Keys = {
  /** Of a key of the store, of a collection, or of what is done once. */
  of(key: string): string;
  /** Of a topic's part in the log. `topic` and message ids are digests or encoded. */
  log(owner: string, part: string): string;
  channel(name: string): string;
};

export const createKeys = (prefix: string): Keys => ({
  of(key) {
    const [kind = '', owner] = key.split('/');
    return owner !== undefined && OWNED.has(kind) ? `${prefix}${ownerTag(owner)}:${key}` : `${prefix}{${tagOf(key)}}`;
  },
  log: (owner, part) => `${prefix}${ownerTag(owner)}:${part}`,
  channel: (name) => `${prefix}channel:${name}`,
});
