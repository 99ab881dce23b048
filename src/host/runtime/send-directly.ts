let send = (...request: Parameters<typeof fetch>): Promise<Response> => fetch(...request);

/** How the host sends a request of its own. A page may have another `fetch` by now: the one that leads here. */
export const sendDirectly = (...request: Parameters<typeof fetch>): Promise<Response> => send(...request);

/** Makes the host send with the browser's own function, before the page gets another one. */
export const sendWith = (own: typeof fetch): void => {
  send = (...request) => own(...request);
};
