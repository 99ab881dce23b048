/** A client in one page, connected. */
export type RunningClient = {
  /** Sends a text. It may throw while there is no connection. */
  say(text: string): unknown;
};

/** A row of the table in docs/reference/client-libraries.md: one client library, unmodified. */
export type ClientRow = {
  name: string;
  /** How it gets `KeeperSocket`, in Markdown. */
  option: string;
  codec: 'private' | 'broadcast' | 'graphql-transport-ws' | 'socket.io' | 'phoenix' | 'centrifuge';
  /** What its server is: the project's own one from npm, or the smallest one of the protocol. */
  server: string;
  /** `room`: another tab receives what this one says. `echo`: this one does. */
  answers: 'room' | 'echo';
  start(receive: (text: string) => void): RunningClient | Promise<RunningClient>;
};

/** The URL of a path here, for libraries that take only whole ones. */
export const wsUrl = (path: string): string => new URL(path, location.href).href.replace(/^http/, 'ws');

export const RETRY_MS = 100;

/** For libraries that leave it to the application to connect again: opens one, and another when it has ended. */
export const keepOpen = (open: (onEnd: () => void) => void): void => {
  const again = (): void => void setTimeout(() => open(again), RETRY_MS);
  open(again);
};
