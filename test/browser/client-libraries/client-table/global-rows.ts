import { keepOpen, wsUrl, type ClientRow } from './row.ts';

/* Clients that take no class: they run after `installGlobal()`. Two of them read it when they are imported. */

const OPTION = '`installGlobal()` before its import';

const pusherJs: ClientRow = {
  name: 'pusher-js',
  option: '`installGlobal()`',
  codec: 'private',
  server: 'the smallest one',
  answers: 'room',
  start: async (receive) => {
    const { default: Pusher } = await import('pusher-js');
    const pusher = new Pusher('key', {
      cluster: '',
      wsHost: location.hostname,
      wsPort: Number(location.port),
      wsPath: '/rooms/pusher',
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        transport: 'ajax',
        endpoint: '',
        customHandler: (_request, answer) => answer(null, { auth: 'key:none' }),
      },
    });
    const channel = pusher.subscribe('private-room');
    channel.bind('client-say', ({ text }: { text: string }) => receive(text));
    return { say: (text) => channel.trigger('client-say', { text }) };
  },
};

const sockjsClient: ClientRow = {
  name: 'sockjs-client',
  option: `${OPTION}; the application opens another one on \`close\``,
  codec: 'private',
  server: 'its own',
  answers: 'echo',
  start: async (receive) => {
    const { default: SockJS } = await import('sockjs-client');
    let socket: WebSocket | undefined;
    keepOpen((onEnd) => {
      const opened = new SockJS('/query/sockjs', null, { transports: ['websocket'], timeout: 10_000 });
      socket = opened;
      opened.onmessage = ({ data }) => receive(String(data));
      opened.onclose = onEnd;
    });
    return { say: (text) => socket?.send(text) };
  },
};

const colyseusJs: ClientRow = {
  name: 'colyseus.js',
  option: `${OPTION}; the application joins again in \`onLeave\``,
  codec: 'private',
  server: 'the smallest one',
  answers: 'echo',
  start: async (receive) => {
    const { Client } = await import('colyseus.js');
    const client = new Client(wsUrl('/rooms/colyseus'));
    let room: Awaited<ReturnType<typeof client.joinOrCreate>> | undefined;
    keepOpen((onEnd) => {
      const join = async (): Promise<void> => {
        room = await client.joinOrCreate('echo');
        room.onMessage('say', receive);
        room.onLeave(onEnd);
      };
      join().catch(onEnd);
    });
    return { say: (text) => room?.send('say', text) };
  },
};

export const GLOBAL_ROWS: readonly ClientRow[] = [pusherJs, sockjsClient, colyseusJs];
