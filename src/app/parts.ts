/**
 * What the first paint does without, but a person sees a moment later: whoever is signed in, the facts; whoever is
 * not, the form. Neither shall wait for the connection before it is asked for.
 */
export const loadFirstParts = (): Promise<unknown> =>
  Promise.all([
    import('../ui/elements/session-facts.ts'),
    import('../ui/elements/session-sockets.ts'),
    import('../ui/elements/session-sign-in.ts'),
    import('../ui/elements/session-why.ts'),
  ]);
