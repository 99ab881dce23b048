import { UPDATE_CHECK_SEARCH, PULSE_SCRIPT } from '../../protocol/bridge/bridge-constants.ts';

/** The same script, and to a browser another: whoever registers it by this address gets a newer worker. */
export const REPLACEMENT_SEARCH = '?again';

export const ACTIVATION_SCRIPT = `${PULSE_SCRIPT}?${UPDATE_CHECK_SEARCH}`;

declare global {
  interface Window {
    __keeperScripts?: Pick<TrustedTypePolicy, 'createScriptURL'>;
  }
  const trustedTypes: TrustedTypePolicyFactory;
}

/**
 * The URL as Trusted Types want it, where they are enforced (https://w3c.github.io/trusted-types/). The policy passes
 * the worker that was connected first and the pulses, and nothing else: whoever finds it has gained nothing. It lies
 * where a second copy of this library in the document finds it, for a name is for one policy only.
 */
export const trustScript = (url: string | TrustedScriptURL): string | TrustedScriptURL => {
  try {
    window.__keeperScripts ??= trustedTypes.createPolicy('session-keeper', {
      createScriptURL(asked: string) {
        if (![url, `${url as string}${REPLACEMENT_SEARCH}`, PULSE_SCRIPT, ACTIVATION_SCRIPT].includes(asked))
          throw TypeError(asked);
        return asked;
      },
    });
    return window.__keeperScripts.createScriptURL(url as string);
  } catch {
    // No Trusted Types here, or the URL is of another policy, or the site names none of ours: the browser decides.
    return url;
  }
};
