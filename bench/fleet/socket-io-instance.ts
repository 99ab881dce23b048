import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createClient } from '@redis/client';
import { createAdapter } from '@socket.io/redis-streams-adapter';
import { Server } from 'socket.io';

/*
 * One instance of the peer in a process of its own: Socket.IO with its Redis streams adapter and the recovery of connections.
 * It delivers each message to all sockets of a person, as the hub does. Argument: the store.
 */

const [, , url = ''] = process.argv;
const client = createClient({ url });
client.on('error', (error) => console.error(error));
await client.connect();
const http = createServer();
const io = new Server(http, {
  adapter: createAdapter(client),
  connectionStateRecovery: {},
  transports: ['websocket'],
  perMessageDeflate: false,
});
io.on('connection', (socket) => {
  const { person } = socket.handshake.auth as { person: string };
  void socket.join(person);
  socket.on('publish', (message: unknown, ack: () => void) => {
    io.to(person).emit('message', message);
    ack();
  });
});
http.listen(0, '127.0.0.1', () => {
  const { port } = http.address() as AddressInfo;
  // The line that the load waits for.
  process.stdout.write(`Session Keeper ready at http://127.0.0.1:${port}/\n`);
});
process.once('SIGTERM', () => process.exit(0));
