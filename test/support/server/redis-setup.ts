import { afterAll } from 'vitest';
import { startRedis } from '../../../scripts/redis/start-redis.ts';

/* Runs before each file of a project whose servers share a store: the file has a Redis of its own. */
const redis = await startRedis();
process.env['TEST_STORE'] = redis.url;
afterAll(() => redis.stop());
