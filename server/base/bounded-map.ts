/** `map.set` for a map of at most `max` entries. Beyond that, the map drops the entry that was set longest ago. */
export const setBounded = <T>(map: Map<string, T>, key: string, value: T, max: number): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size > max) for (const oldest of map.keys()) return void map.delete(oldest);
};
