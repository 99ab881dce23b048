/** Script of the dedicated worker that sends pulses; of this origin, for the sake of `worker-src`. */
export const PULSE_SCRIPT = '/keeper-pulse.js';

/** A second copy of this library in the document finds the policy of the first here: a name is for one policy only. */
const SHARED = Symbol.for('session-keeper.scripts');

/**
 * The URL as Trusted Types want it, where they are enforced (https://w3c.github.io/trusted-types/). The policy passes
 * the worker that was connected first and the pulses, and nothing else: whoever finds it has gained nothing.
 */
export const trustScript = (url: string | TrustedScriptURL): string | TrustedScriptURL => {
  if (typeof url !== 'string') return url;
  const shared = window as { [SHARED]?: Pick<TrustedTypePolicy, 'createScriptURL'> | undefined };
  try {
    shared[SHARED] ??= window.trustedTypes?.createPolicy('session-keeper', {
      createScriptURL(asked: string) {
        if (asked !== url && asked !== PULSE_SCRIPT) throw new TypeError(asked);
        return asked;
      },
    });
    return shared[SHARED]?.createScriptURL(url) ?? url;
  } catch {
    // The site's policy does not name ours, or that one is for another worker: the browser has the last word.
    return url;
  }
};
