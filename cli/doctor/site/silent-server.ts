/** A request to a server that has let earlier ones wait until their limit. Nothing was sent. */
export class SilentServerError extends Error {
  override readonly name = 'SilentServerError';

  constructor(origin: string, timeoutMs: number) {
    super(`${origin} gave no answer within ${timeoutMs / 1000} s to earlier requests, so this was not tried`);
  }
}
