/** What nobody waits for; loaded when the page stands. */
export { keepBadge } from './badge.ts';
export { handleLaunches } from './launch.ts';
export { reloadHiddenTabs } from './update.ts';
