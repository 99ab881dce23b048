import {
  startBareProcess as startProcess,
  type ProcessAccount,
  type BareProcess,
  type BareProcessOptions,
} from '../../../lab/browser/browser-process.ts';
import { reportCrash } from './crashes.ts';

export { attach } from '../../../lab/browser/debugger.ts';

/** The account without rights on every Linux. */
const UNPRIVILEGED: ProcessAccount = { uid: 65_534, gid: 65_534 };

/** As users run it: the browser of root gets other process priorities. Only root can change the account. */
export const ordinaryAccount = (): ProcessAccount | undefined => (process.getuid?.() === 0 ? UNPRIVILEGED : undefined);

/** A crash of the browser is no fault of the test, so the runner repeats the test. */
export const startBareProcess = (options: BareProcessOptions): Promise<BareProcess> =>
  startProcess({ ...options, onCrash: reportCrash });
