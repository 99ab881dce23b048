// A dedicated worker: its timers are not slowed down in hidden tabs, and its requests are events for the
// service worker, which would otherwise be stopped 30 s after its last one.
const EVERY_MS = 20_000;
setInterval(() => fetch('/__keeper/pulse').catch(() => {}), EVERY_MS);
