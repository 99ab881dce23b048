/** Names of the notes. Each has an entry in docs/reference/troubleshooting.md, and a test holds that. */
export type NoteCode =
  | 'document-config'
  | 'config-misfit'
  | 'no-worker'
  | 'sign-in-dropped'
  | 'whoami-answer'
  | 'path-leaves-rule'
  | 'no-cors'
  | 'answer-hidden';

const noted = new Set<string>();

/**
 * Reports to developers, in the console, what they could not see otherwise. Each note once in this context, and never with
 * a token. The code at the end of the line is what to look for in the documents.
 */
export const noteOnce = (code: NoteCode, note: string): void => {
  if (!noted.has(note)) console.warn(`session-keeper: ${note} [${code}]`);
  noted.add(note);
};
