import { number, object, string, type Infer } from '../protocol/schema/schema.ts';
import { parseJson } from '../protocol/schema/json.ts';

/** How far this browser has reported the journal. `draw`: a number from 0 to 1 that decides whether it is in the sample. */
const REPORTED = object({ id: string, at: number, draw: number });
export type Reported = Infer<typeof REPORTED>;

/** Kept in the web storage, so that a reload reports nothing twice and misses nothing. It holds no secret. */
export type ReportedStore = { load(): Reported | undefined; save(reported: Reported): void };

const PREFIX = 'session-keeper-telemetry:';

/** Storage may be switched off, or full. Then the position lasts as long as the page. */
export const reportedStore = (name: string): ReportedStore => {
  let known: Reported | undefined;
  return {
    load() {
      try {
        known = REPORTED.read(parseJson(localStorage.getItem(PREFIX + name) ?? '')) ?? known;
      } catch {
        // `known` has it.
      }
      return known;
    },
    save(reported) {
      known = reported;
      try {
        localStorage.setItem(PREFIX + name, JSON.stringify(reported));
      } catch {
        // `known` has it.
      }
    },
  };
};
