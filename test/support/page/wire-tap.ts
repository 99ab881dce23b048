/**
 * Preloaded into the server's process. Writes each JSON answer of the server as one line to the file `WIRE_TAP`. So a
 * test knows each issued token, for any client.
 */
import { appendFileSync } from 'node:fs';
import { ServerResponse } from 'node:http';

const file = process.env['WIRE_TAP'];
if (file === undefined) throw new Error('WIRE_TAP names no file.');

const { write, end } = ServerResponse.prototype;
const bodies = new WeakMap<ServerResponse, string>();

const keep = (response: ServerResponse, chunk: unknown): void => {
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return;
  bodies.set(
    response,
    (bodies.get(response) ?? '') + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString()),
  );
};

ServerResponse.prototype.write = function (this: ServerResponse, ...args: Parameters<typeof write>) {
  keep(this, args[0]);
  return write.apply(this, args);
} as typeof write;
ServerResponse.prototype.end = function (this: ServerResponse, ...args: Parameters<typeof end>) {
  keep(this, args[0]);
  const body = bodies.get(this);
  if (body?.startsWith('{')) appendFileSync(file, `${body.replaceAll('\n', ' ')}\n`);
  return end.apply(this, args);
} as typeof end;
