import type { Clock } from './types.ts';
export declare const systemClock: Clock;
export declare const systemRandom: () => number;
