/** Preloaded into the server's process. Adds `Cross-Origin-Embedder-Policy: require-corp` to each answer. */
import { ServerResponse } from 'node:http';

const { writeHead } = ServerResponse.prototype;

ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
  this.setHeader('cross-origin-embedder-policy', 'require-corp');
  return writeHead.apply(this, args);
} as typeof writeHead;
