/** Keeps `most` entries; the one that was kept longest ago, and not again since, is forgotten first. */
export const remember = <T>(map: Map<string, T>, key: string, value: T, most: number): void => {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) for (const oldest of map.keys()) return void map.delete(oldest);
};
