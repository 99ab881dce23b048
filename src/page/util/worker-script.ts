/** A worker's script as an absolute address. */
export const hrefOf = (script: string | TrustedScriptURL): string => new URL(script as string, document.baseURI).href;

/** Path of the folder of a worker's script: its scope, unless the site registers it for another one. */
export const folderOf = (script: string | TrustedScriptURL): string =>
  new URL('./', new URL(script as string, location.href)).pathname;

/**
 * The site may have registered this worker with options of its own. To register it with others would download it again,
 * which fails without a network.
 */
export const registered = async (
  container: ServiceWorkerContainer,
  script: string | TrustedScriptURL,
): Promise<ServiceWorkerRegistration | undefined> => {
  const href = hrefOf(script);
  const found = await container.getRegistration(href);
  return found?.active?.scriptURL === href ? found : undefined;
};
