/** What happened to the messages of one scenario. */
export type Tally = { readonly published: number; readonly lost: number; readonly repeated: number };

export const NO_MESSAGES: Tally = { published: 0, lost: 0, repeated: 0 };

/** `numbers`: what arrived of the numbers from 1 to `published`. */
export const tallyOf = (published: number, numbers: readonly number[]): Tally => {
  const different = new Set(numbers).size;
  return { published, lost: published - different, repeated: numbers.length - different };
};
