export { configProblems, type ConfigProblem } from './config-problems.ts';
export { defineConfig } from './define-config.ts';
export type { KeeperConfigInput } from './input.ts';
export * as providers from '../providers/index.ts';
export type { ApiRule, KeeperConfig, SocketConfig } from '../config.ts';
export type { OidcConfig, PasswordConfig, TicketConfig } from '../sign-in-config.ts';
