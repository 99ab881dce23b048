export { keepSession, type KeepSessionOptions } from './keep-session.ts';
