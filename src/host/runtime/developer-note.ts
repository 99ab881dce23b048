const noted = new Set<string>();

/** Tells developers in the console what they could not see otherwise, once in this context. It never contains a token. */
export const noteOnce = (note: string): void => {
  if (!noted.has(note)) console.warn(`session-keeper: ${note}`);
  noted.add(note);
};
