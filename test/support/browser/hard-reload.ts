export { hardReload } from '../../../lab/browser/page-levers.ts';
