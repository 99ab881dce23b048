/** What nobody waits for; loaded when the page stands. */
export { keepBadge } from './badge.ts';
export { takeLaunches } from './launch.ts';
export { updateTogether } from './update.ts';
