import type { Arrival, TabIntro } from '../../protocol/bridge/bridge.ts';
import type { TabMessage } from '../../protocol/bridge/tab-messages.ts';
import { PROTOCOL } from '../../protocol/version.ts';
import type { Transport } from './transport.ts';

/** A page has introduced itself to a host. The answer waits in the port until someone listens. */
export type TabGreeting = {
  readonly port: MessagePort;
  /** The host that it went to. Only its identity matters. */
  readonly target: unknown;
  readonly visible: boolean;
};

/** Introduces this page to the host, on a new port. */
export const greet = (transport: Transport, intro: Omit<TabIntro, 'protocol'>): TabGreeting => {
  const { port1: port, port2 } = new MessageChannel();
  const target = transport.currentHost();
  transport.attach({ protocol: PROTOCOL, ...intro }, port2);
  return { port, target, visible: intro.visible };
};

/** The page goes before it has listened. */
export const takeLeave = ({ port }: TabGreeting): void => {
  port.postMessage({ type: 'bye' } satisfies TabMessage);
  port.close();
};

/** How this document was opened. A page from the back-forward cache learns it later, from `pageshow`. */
export const arrivalOf = (): Arrival => {
  const [entry] = performance.getEntriesByType('navigation');
  const type = entry instanceof PerformanceNavigationTiming ? entry.type : 'navigate';
  return type === 'back_forward' ? 'back-forward' : type === 'reload' ? 'reload' : 'navigate';
};

export const isVisible = (): boolean => document.visibilityState === 'visible';
