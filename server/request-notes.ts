import type { IncomingMessage } from 'node:http';

/** Who a request turned out to be from, for the request log. */
const subs = new WeakMap<IncomingMessage, string>();

export const noteSub = (request: IncomingMessage, sub: string): void => void subs.set(request, sub);
export const subOf = (request: IncomingMessage): string | null => subs.get(request) ?? null;
