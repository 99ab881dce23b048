import { named, type DeploymentName } from './deployment-name.ts';

const CHANNEL = 'session-keeper:record';

/**
 * Returns a function that informs the other hosts of this deployment: the session record on the disk has changed. They are
 * other workers, and pages without one (https://html.spec.whatwg.org/#broadcasting-to-other-browsing-contexts).
 * A message starts no stopped worker. That one reads the disk at its next start. It has no content, because any script of
 * the origin can send it: the receiver reads the disk.
 * A deployment that goes on under a former name changes `deployment`, so it listens to both.
 */
export const createRecordNews = (deployment: DeploymentName, onNews: () => void): (() => void) => {
  if (typeof BroadcastChannel === 'undefined') return () => undefined;
  const channels = new Map<string, BroadcastChannel>();
  const channel = (): BroadcastChannel => {
    const name = named(CHANNEL, deployment);
    const open = channels.get(name) ?? new BroadcastChannel(name);
    if (!channels.has(name)) open.addEventListener('message', onNews);
    channels.set(name, open);
    return open;
  };
  channel();
  return () => channel().postMessage(null);
};
