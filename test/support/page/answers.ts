import { ServerResponse } from 'node:http';

/** Changes the answers of a server in this process (`startDeployment`), to those of another kind of server. */
export type Answers = {
  /** Lets the browser cache the next answers to this path. */
  cacheable(path: string): void;
  /** Holds the next answer to this path back, after the server has made it. */
  hold(path: string): { readonly made: Promise<void>; release(): void };
  restore(): void;
};

const { writeHead, write, end } = ServerResponse.prototype;

/** The calls of a held answer. `release` makes them. */
type Held = { calls: (() => void)[]; made(): void };

export const changeAnswers = (): Answers => {
  const cached = new Set<string>();
  const toHold = new Map<string, Held>();
  const holding = new WeakMap<ServerResponse, Held>();

  const heldFor = (response: ServerResponse): Held | undefined => {
    const path = response.req.url ?? '';
    const held = holding.get(response) ?? toHold.get(path);
    if (held) holding.set(response, held);
    toHold.delete(path);
    return held;
  };

  ServerResponse.prototype.writeHead = function (this: ServerResponse, ...args: Parameters<typeof writeHead>) {
    const headers = args.at(-1);
    if (cached.has(this.req.url ?? '') && typeof headers === 'object')
      Object.assign(headers, { 'cache-control': 'private, max-age=600', vary: '' });
    return writeHead.apply(this, args);
  } as typeof writeHead;

  ServerResponse.prototype.write = function (this: ServerResponse, ...args: Parameters<typeof write>) {
    const held = heldFor(this);
    if (!held) return write.apply(this, args);
    held.calls.push(() => write.apply(this, args));
    return true;
  } as typeof write;

  ServerResponse.prototype.end = function (this: ServerResponse, ...args: Parameters<typeof end>) {
    const held = heldFor(this);
    if (!held) return end.apply(this, args);
    held.calls.push(() => end.apply(this, args));
    held.made();
    return this;
  } as typeof end;

  return {
    cacheable: (path) => void cached.add(path),
    hold(path) {
      const calls: Held['calls'] = [];
      const made = new Promise<void>((resolve) => toHold.set(path, { calls, made: resolve }));
      return { made, release: () => calls.forEach((call) => call()) };
    },
    restore: () => void Object.assign(ServerResponse.prototype, { writeHead, write, end }),
  };
};
