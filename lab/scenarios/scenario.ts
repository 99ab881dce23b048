import { number, object, string, union, type Infer } from '../../src/protocol/schema/schema.ts';
import { array, boolean, count, ifAbsent, oneOf, optional } from '../../src/protocol/schema/schema-types.ts';
import { HTTP_FAULT } from '../proxy/http/faults.ts';

/** What a loss in a scenario costs a user. The report has a score for each. */
export const CATEGORIES = ['session', 'connection', 'messages', 'offline', 'honesty'] as const;
const CATEGORY = oneOf(...CATEGORIES);
export type Category = Infer<typeof CATEGORY>;

/**
 * What a site, a browser or the sign-in module must offer for a scenario. Without it the scenario is not run, and the
 * report says why.
 */
const NEED = oneOf('worker', 'socket', 'messages', 'deploy', 'revoke', 'chromium', 'other-user', 'proof', 'renewal');
export type Need = Infer<typeof NEED>;

/** One action. Times in ms. */
const LAB_STEP = union('type', {
  /** `isHard`: past the worker and the cache, as with Shift. */
  reload: { isHard: ifAbsent(boolean, false) },
  'open-tabs': { count },
  /** Reloads all tabs in the same moment. */
  'reload-tabs': {},
  'kill-worker': {},
  /** Kills the worker as soon as a request to a token endpoint is under way. */
  'kill-worker-in-refresh': {},
  /** Serves a worker with one byte more, and makes the page look for it. `reload`: reloads so that it may take over. */
  'update-worker': { reload: ifAbsent(boolean, false) },
  /** Another version of the whole site, by the module's hook. */
  deploy: {},
  wait: { ms: number },
  /** A user who does nothing for so long. The clock is shifted, or with `--real-time` the time really passes. */
  idle: { ms: number },
  /** The clock of the browser alone goes wrong by `ms`. */
  'skew-clock': { ms: number },
  /** The whole browser stops, as in the sleep of a laptop, and its clock goes on by `asMs`. */
  sleep: { ms: number, asMs: number },
  /** Another tab in front. */
  hide: { ms: number },
  freeze: { ms: number },
  /** Away to another page, and back. */
  'back-forward': {},
  network: { state: oneOf('up', 'down', 'blackhole') },
  /** The device knows that it is offline, and its network is down. */
  offline: {},
  online: {},
  silence: { what: oneOf('sockets', 'everything') },
  /** Resets each open connection once. */
  cut: {},
  'idle-cut': { ms: number },
  slow: { latencyMs: count, kilobytesPerSecond: count },
  fault: { fault: HTTP_FAULT },
  'clear-faults': {},
  /** Access tokens that were used so far are refused from now on. */
  'expire-access': {},
  /** The server ends the session. */
  revoke: {},
  clear: { what: oneOf('cookies', 'indexeddb', 'local-storage', 'cache', 'everything') },
  /** Writes to storage do nothing and report no error from now on, in each new document. */
  'ignore-writes': {},
  /** Writes to storage fail, as on a full disk. */
  'fail-writes': {},
  /** The server is away for so long. */
  'restart-server': { downMs: number },
  /** Each tab sends the proof request so often, all in the same moment. */
  burst: { count },
  /** The server publishes messages, by the module's hook. */
  publish: { count },
  /** Another user signs in, in a new tab. */
  'sign-in-other': {},
  /** The sign-in form, and the page of another site, may not show from here on until the end. */
  note: { text: string },
});
export type LabStep = Infer<typeof LAB_STEP>;

/**
 * What must hold at the end. `kept`: still signed in as the same user, proven by the backend, and connected again, without
 * a person's help. `asked`: the session is really over, and the site offers to sign in instead of an error or nothing.
 */
const EXPECTATION = oneOf('kept', 'asked');

const NAME = /^[a-z\d]+(-[a-z\d]+)*$/;

const SCENARIO = object({
  /** Stable, in lower case with hyphens: scripts and the baseline of a comparison name it. */
  id: string,
  title: string,
  category: CATEGORY,
  /** When this happens to a user. */
  why: string,
  /** How a site survives it, with any library or none. */
  prevent: string,
  steps: array(LAB_STEP),
  needs: ifAbsent(array(NEED), []),
  expect: ifAbsent(EXPECTATION, 'kept'),
  /** How long the site may take to be back, from the moment in which the world is in order again (ms). */
  backWithinMs: ifAbsent(number, 30_000),
  /** Whether the sign-in form may show in between. */
  mayAsk: ifAbsent(boolean, false),
  /** A page of our documents about it. */
  docs: optional(string),
});
export type LabScenario = Infer<typeof SCENARIO>;

/** A `RegExp` of a fault that does not compile would break the run in its middle. */
const hasValidPatterns = ({ steps }: LabScenario): boolean =>
  steps.every((step) => {
    if (step.type !== 'fault' || step.fault.match.path === undefined) return true;
    try {
      return Boolean(new RegExp(step.fault.match.path));
    } catch {
      return false;
    }
  });

/** Reads a scenario from a file or a report. `undefined` when it does not fit the schema. */
export const readScenario = (value: unknown): LabScenario | undefined => {
  const scenario = SCENARIO.read(value);
  return scenario && NAME.test(scenario.id) && hasValidPatterns(scenario) ? scenario : undefined;
};

/** As the product's own scenarios are written: what is absent has its default. */
export type WrittenScenario = Omit<Partial<LabScenario>, 'steps'> &
  Pick<LabScenario, 'id' | 'title' | 'category' | 'why' | 'prevent'> & {
    readonly steps: readonly WrittenStep[];
  };
type WrittenStep = { readonly type: LabStep['type']; readonly [field: string]: unknown };

/** Throws on a scenario that does not fit its schema. */
export const defineScenarios = (...written: readonly WrittenScenario[]): readonly LabScenario[] =>
  written.map((each) => {
    const scenario = readScenario(each);
    if (!scenario) throw new Error(`The scenario ${each.id} does not fit its schema.`);
    return scenario;
  });
