import { UPDATE_CHECK_SEARCH, PULSE_SCRIPT } from '../../protocol/bridge/bridge-constants.ts';

/** The browser treats the same script at another URL as a new worker. */
export const REPLACEMENT_SEARCH = '?again';

export const ACTIVATION_SCRIPT = `${PULSE_SCRIPT}?${UPDATE_CHECK_SEARCH}`;

/** In each scope of this origin. A path with two slashes in front would be another origin. */
const KEEP_ALIVE_SCRIPT = new RegExp(`^/(?!/)[^?#\\\\\\s]*(?<=/)${PULSE_SCRIPT}(\\?${UPDATE_CHECK_SEARCH})?$`);

declare global {
  interface Window {
    __keeperScripts?: Pick<TrustedTypePolicy, 'createScriptURL'>;
  }
  const trustedTypes: TrustedTypePolicyFactory;
}

/**
 * The URL as Trusted Types want it, where they are enforced (https://w3c.github.io/trusted-types/). The policy accepts
 * only the first connected worker script and the keep-alive scripts, so an attacker gains nothing from it. It is a
 * property of `window` because a policy name is valid once, and a second copy of this library needs the policy too.
 */
export const trustScript = (url: string | TrustedScriptURL): string | TrustedScriptURL => {
  try {
    window.__keeperScripts ??= trustedTypes.createPolicy('session-keeper', {
      createScriptURL(requested: string) {
        const isOwn = requested === url || requested === `${url as string}${REPLACEMENT_SEARCH}`;
        if (!isOwn && !KEEP_ALIVE_SCRIPT.test(requested)) throw TypeError(requested);
        return requested;
      },
    });
    return window.__keeperScripts.createScriptURL(url as string);
  } catch {
    // No Trusted Types here, or a URL of another policy, or a site that does not allow ours: the browser decides.
    return url;
  }
};
