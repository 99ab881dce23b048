export { createApi } from '../../src/host/services/keeper-api.ts';
export { answerCall } from './call-bridge.ts';
