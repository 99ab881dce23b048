/**
 * A script for a page or a worker that shifts its clock: `Date`, and the timers that are due by then. `performance.now`
 * stays, because it stops during the sleep of a device on most systems (https://www.w3.org/TR/hr-time-3/#sec-performance).
 *
 * A page's clock could be replaced by the driver too, but a worker's could not
 * (https://playwright.dev/docs/clock reaches pages only).
 */
export const clockScript = (offsetMs: number): string => `(() => {
  const key = Symbol.for('session-keeper.lab.clock');
  if (globalThis[key]) return globalThis[key](${offsetMs});
  const RealDate = Date;
  const realSet = globalThis.setTimeout, realClear = globalThis.clearTimeout;
  let offset = 0;
  const now = () => RealDate.now() + offset;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args, self) => args.length ? Reflect.construct(target, args, self) : Reflect.construct(target, [now()], self),
    get: (target, name) => name === 'now' ? now : Reflect.get(target, name),
  });
  const timers = new Map();
  const start = (id, timer) => {
    timer.real = realSet(() => { timers.delete(id); timer.run(); }, Math.max(0, timer.due - now()));
  };
  globalThis.setTimeout = (callback, ms = 0, ...args) => {
    if (typeof callback !== 'function') return realSet(callback, ms, ...args);
    const timer = { due: now() + Number(ms || 0), run: () => callback(...args), real: 0 };
    const id = realSet(() => { timers.delete(id); timer.run(); }, ms);
    timer.real = id;
    timers.set(id, timer);
    return id;
  };
  globalThis.clearTimeout = (id) => {
    const timer = timers.get(id);
    timers.delete(id);
    realClear(timer ? timer.real : id);
  };
  globalThis[key] = (next) => {
    const forward = next > offset;
    offset = next;
    if (!forward) return;
    for (const [id, timer] of [...timers]) { realClear(timer.real); start(id, timer); }
  };
  globalThis[key](${offsetMs});
})()`;
