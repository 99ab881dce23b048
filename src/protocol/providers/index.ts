export * from './openid-providers.ts';
export * from './token-services.ts';
