export {
  createBackChannelLogout,
  type BackChannelAnswer,
  type BackChannelLogout,
  type BackChannelOptions,
  type EndedSession,
} from './back-channel-logout.ts';
export {
  createDeviceBoundSessions,
  type DeviceBinding,
  type DeviceBoundOptions,
  type DeviceBoundSessions,
} from './device-bound/device-bound-sessions.ts';
export { createHub, type HubOptions, type KeeperHub, type TopicHistory, type TopicMessage } from './socket-hub.ts';
export { createSealer, type WorkerSealer, type SealerOptions } from './sealer.ts';
export { createTickets, type SocketTickets, type TicketOptions } from './socket-tickets.ts';
export { lmdbStore, type LmdbStoreSettings } from './lmdb-folder.ts';
export { memoryStore } from './memory-store.ts';
export { sealedWorker, type FastifyReply, type HonoContext, type SealedWorker } from './sealed-worker.ts';
export type { SealedWorkerOptions } from './site-answer.ts';
export type { SocketUser } from './socket-user.ts';
export type { SiteStore } from './site-store.ts';
export { inlineHashes, securityHeaders, type HeaderPreset } from '../http/headers.ts';
