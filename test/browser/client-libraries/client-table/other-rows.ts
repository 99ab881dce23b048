import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import RFB from '@novnc/novnc';
import { createTRPCClient, createWSClient, wsLink } from '@trpc/client';
import { AttachAddon } from '@xterm/addon-attach';
import { Terminal } from '@xterm/xterm';
import { WebSocket as PartySocket } from 'partysocket';
import ReconnectingWebSocket from 'reconnecting-websocket';
import { WebsocketProvider } from 'y-websocket';
import { Doc } from 'yjs';
import { KeeperSocket } from '../../../../src/page/index.ts';
import type { Router } from '../../../support/sites/client-servers.ts';
import { keepOpen, RETRY_MS, wsUrl, type ClientRow } from './row.ts';

/* Clients for documents, terminals and screens, and plain sockets that connect again. Each has its own connection. */

/** Texts are keys of a map that the tabs share. */
const shareMap = (doc: Doc, receive: (text: string) => void) => {
  const map = doc.getMap<boolean>('said');
  map.observe(({ keysChanged, transaction }) => {
    if (!transaction.local) for (const key of keysChanged) receive(String(key));
  });
  return { say: (text: string) => map.set(text, true) };
};

const yWebsocket: ClientRow = {
  name: 'y-websocket',
  option: '`WebSocketPolyfill: KeeperSocket`',
  codec: 'private',
  server: 'its own',
  answers: 'room',
  start: (receive) => {
    const doc = new Doc();
    // Through the server, not through the channel between tabs.
    const options = { WebSocketPolyfill: KeeperSocket as unknown as typeof WebSocket, disableBc: true };
    void new WebsocketProvider(wsUrl('/rooms/yjs'), 'table', doc, { ...options, maxBackoffTime: RETRY_MS });
    return shareMap(doc, receive);
  },
};

const hocuspocus: ClientRow = {
  name: 'hocuspocus',
  option: '`WebSocketPolyfill: KeeperSocket` of `HocuspocusProviderWebsocket`',
  codec: 'private',
  server: 'its own',
  answers: 'room',
  start: (receive) => {
    const document = new Doc();
    const websocketProvider = new HocuspocusProviderWebsocket({
      url: wsUrl('/rooms/hocuspocus'),
      WebSocketPolyfill: KeeperSocket,
      delay: RETRY_MS,
      minDelay: RETRY_MS,
      maxDelay: RETRY_MS,
    });
    const provider = new HocuspocusProvider({ websocketProvider, name: 'table', document });
    provider.attach();
    return shareMap(document, receive);
  },
};

const plain = (name: string, Socket: typeof ReconnectingWebSocket | typeof PartySocket): ClientRow => ({
  name,
  option: '`WebSocket: KeeperSocket`',
  codec: 'private',
  server: 'an echo',
  answers: 'echo',
  start: (receive) => {
    const delays = { minReconnectionDelay: RETRY_MS, maxReconnectionDelay: RETRY_MS };
    const socket = new Socket(wsUrl('/rooms/echo'), [], { WebSocket: KeeperSocket, ...delays });
    socket.onmessage = ({ data }: MessageEvent<unknown>) => receive(String(data));
    return { say: (text) => socket.send(text) };
  },
});

const trpc: ClientRow = {
  name: 'tRPC `wsLink`',
  option: '`createWSClient({ WebSocket: KeeperSocket })`',
  codec: 'private',
  server: 'its own',
  answers: 'echo',
  start: (receive) => {
    const socket = createWSClient({ url: wsUrl('/rooms/trpc'), WebSocket: KeeperSocket, retryDelayMs: () => RETRY_MS });
    const client = createTRPCClient<Router>({ links: [wsLink({ client: socket })] });
    return { say: async (text) => receive(await client.echo.query(text)) };
  },
};

const xterm: ClientRow = {
  name: 'xterm attach',
  option: '`new AttachAddon(new KeeperSocket(url))`; the application attaches another one on `close`',
  codec: 'private',
  server: 'an echo',
  answers: 'echo',
  start: (receive) => {
    const terminal = new Terminal();
    terminal.open(document.body.appendChild(document.createElement('div')));
    let written = '';
    keepOpen((onEnd) => {
      const socket = new KeeperSocket(wsUrl('/rooms/echo'));
      const addon = new AttachAddon(socket);
      terminal.loadAddon(addon);
      socket.addEventListener('close', () => {
        addon.dispose();
        onEnd();
      });
    });
    terminal.onWriteParsed(() => {
      const line = terminal.buffer.active.getLine(terminal.buffer.active.cursorY + terminal.buffer.active.baseY);
      written = line?.translateToString(true) ?? '';
      for (const word of written.split(' ')) receive(word);
    });
    return { say: (text) => terminal.input(`\r${text} `) };
  },
};

const noVnc: ClientRow = {
  name: 'noVNC',
  option: '`new RFB(target, new KeeperSocket(url))`; the application opens another one on `disconnect`',
  codec: 'private',
  server: 'the smallest one',
  answers: 'echo',
  start: (receive) => {
    const target = document.body.appendChild(document.createElement('div'));
    let screen: RFB | undefined;
    keepOpen((onEnd) => {
      const opened = new RFB(target, new KeeperSocket(wsUrl('/rooms/vnc')));
      screen = opened;
      opened.addEventListener('clipboard', ({ detail }) => receive(detail.text));
      opened.addEventListener('disconnect', onEnd);
    });
    return { say: (text) => screen?.clipboardPasteFrom(text) };
  },
};

export const OTHER_ROWS: readonly ClientRow[] = [
  yWebsocket,
  hocuspocus,
  plain('reconnecting-websocket', ReconnectingWebSocket),
  plain('partysocket', PartySocket),
  trpc,
  xterm,
  noVnc,
];
