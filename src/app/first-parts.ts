/*
 * What the home page shows just after the first paint: the facts of a signed-in user, or the form of a signed-out one. It
 * is one module, so that all of it arrives in one round of requests.
 */
import '../ui/account/session-menu.ts';
import '../ui/elements/session-notices.ts';
import '../ui/elements/session-summary.ts';
import '../ui/home/session-pulse.ts';
import '../ui/elements/session-facts.ts';
import '../ui/elements/session-sockets.ts';
import '../ui/home/session-devices.ts';
import '../ui/welcome/session-welcome.ts';
import '../ui/elements/session-sign-in.ts';
import '../ui/elements/session-why.ts';
import { loadStrings } from '../ui/strings/strings.ts';

// The language was set before this module was there.
await loadStrings();
