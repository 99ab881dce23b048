/** Aborts with the first of both. Safari before 17.4 has no `AbortSignal.any`. */
export const eitherSignal = (one: AbortSignal, other: AbortSignal): AbortSignal => {
  if ('any' in AbortSignal) return AbortSignal.any([one, other]);
  const either = new AbortController();
  for (const signal of [one, other]) {
    if (signal.aborted) either.abort(signal.reason);
    signal.addEventListener('abort', () => either.abort(signal.reason), { once: true, signal: either.signal });
  }
  return either.signal;
};
