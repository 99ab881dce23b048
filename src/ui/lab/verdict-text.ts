import { labStrings } from './lab-strings.ts';
import { missing, pendingRequests, verdictOf, type LabState, type LabVerdict } from './lab-state.ts';

/** What a run has shown already. Empty until the first fault is over: before that, nothing was shown. */
const soFar = ({ faults, signOuts }: LabState): string => {
  const survived = faults.filter(({ recoveredMs }) => recoveredMs !== undefined).length;
  return survived === 0 ? '' : labStrings().soFar(survived, signOuts);
};

/** The verdict as sentences, with the numbers behind it. */
export const verdictText = (run: LabState | undefined): { type: LabVerdict['type']; title: string; detail: string } => {
  const t = labStrings();
  if (!run) return { type: 'open', title: '', detail: t.idle };
  const { type, unrecovered } = verdictOf(run);
  if (type === 'open') return { type, title: '', detail: run.phase === 'settling' ? t.settling : soFar(run) };
  if (type === 'untested') return { type, title: '', detail: t.untested };
  if (type === 'held')
    return { type, title: t.held, detail: t.heldDetail(run.faults.length, run.answered, run.seen.length) };
  const found = (
    [
      [t.evidence.signOuts, run.signOuts],
      [t.evidence.refused, run.refused],
      [t.evidence.missing, missing(run).length],
      [t.evidence.doubled, run.doubled],
      [t.evidence.unrecovered, unrecovered],
      [t.evidence.pending, pendingRequests(run)],
    ] as const
  ).flatMap(([say, count]) => (count > 0 ? say(count) : []));
  return { type, title: t.broken, detail: t.brokenDetail(found.join(', ')) };
};
