// A dedicated worker, because hidden tabs do not throttle its timers. Each request is an event for the service worker,
// which the browser would otherwise stop 30 s after the last event. The path is beside this script.
const EVERY_MS = 20_000;
setInterval(() => fetch('__keeper/pulse').catch(() => {}), EVERY_MS);
