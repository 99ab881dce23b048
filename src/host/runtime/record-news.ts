/**
 * Returns a function that informs the other hosts of this deployment: the session record on the disk has changed. They are
 * other workers, and pages without one (https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts).
 * A message starts no stopped worker. That one reads the disk at its next start. It has no content, because any script of
 * the origin can send it: the receiver reads the disk.
 */
export const createRecordNews = (name: string, onNews: () => void): (() => void) => {
  if (typeof BroadcastChannel === 'undefined') return () => undefined;
  const channel = new BroadcastChannel(name);
  channel.addEventListener('message', onNews);
  return () => channel.postMessage(null);
};
