export { createHost } from '../../src/host/host.ts';
export { createApi } from '../../src/host/services/keeper-api.ts';
export { answerCall } from '../calls/call-bridge.ts';
