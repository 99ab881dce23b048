import type { Tester } from './wire.ts';

/** `section` is the one of docs/reference/protocol-keeper.1.md that says it. */
export type Check = { name: string; section: string; run(tester: Tester): Promise<void> };
