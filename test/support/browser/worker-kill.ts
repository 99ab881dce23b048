export { killWorkers } from '../../../lab/browser/page-levers.ts';
