const noted = new Set<string>();

/** Reports to developers, in the console, what they could not see otherwise. Once in this context, and never with a token. */
export const noteOnce = (note: string): void => {
  if (!noted.has(note)) console.warn(`session-keeper: ${note}`);
  noted.add(note);
};
