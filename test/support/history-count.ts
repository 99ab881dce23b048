/** The share of the histories that short runs (`npm test`) play. CI and `npx vitest` play all. */
const SHARE = Number(process.env['HISTORIES_SHARE'] ?? 1);

/** How many histories a property test plays. The environment variable `HISTORIES` overrides it, for a long search. */
export const historyCount = (full: number): number => Math.ceil(Number(process.env['HISTORIES'] ?? full * SHARE));
