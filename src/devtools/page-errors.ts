/** An error that no code of the page caught. `at` in ms since the Unix epoch. */
export type PageError = { readonly at: number; readonly text: string };

const MAX_ERRORS = 50;

const textOf = (reason: unknown): string =>
  reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);

/** Collects the errors of the page until the signal aborts, newest first. */
export const watchPageErrors = (signal: AbortSignal, onChange: (errors: readonly PageError[]) => void): void => {
  let errors: readonly PageError[] = [];
  const add = (reason: unknown): void => {
    errors = [{ at: Date.now(), text: textOf(reason) }, ...errors].slice(0, MAX_ERRORS);
    onChange(errors);
  };
  addEventListener('error', ({ error, message }) => add(error ?? message), { signal });
  addEventListener('unhandledrejection', ({ reason }) => add(reason), { signal });
};
