import type { SessionRow } from './database.ts';
export declare const packRow: ({ generation, sealed }: SessionRow) => string;
/** `undefined` for whatever a keychain may give that we did not give it. */
export declare const unpackRow: (record: unknown) => SessionRow | undefined;
