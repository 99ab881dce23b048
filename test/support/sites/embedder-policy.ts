/** Preloaded into the server's process, which knows nothing of it: every answer asks for an isolated embedder. */
import { ServerResponse } from 'node:http';

const { writeHead } = ServerResponse.prototype;

ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
  this.setHeader('cross-origin-embedder-policy', 'require-corp');
  return writeHead.apply(this, args);
} as typeof writeHead;
