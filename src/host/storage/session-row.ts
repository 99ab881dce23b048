import { SESSION_RECORD } from '../../core/session/session-record.ts';
import type { SessionRecord } from '../../core/session/session-types.ts';
import { number, object, string, type Infer } from '../../protocol/schema/schema.ts';
import { oneOf, optional } from '../../protocol/schema/schema-types.ts';
import type { Sealer } from './encryption.ts';
import { SEALED } from './first-read.ts';

/** The generation is in clear, so that a writer can see which record is newer without opening either. */
export const SESSION_ROW = object({
  generation: number,
  sealed: SEALED,
  /** What the record is bound to, so that it opens at the first attempt (docs/decisions/0015). Absent: not known. */
  binding: optional(oneOf('provider', 'none')),
  /** Name of the deployment that wrote it, which need not be that of the database. Absent: a former version wrote it. */
  deployment: optional(string),
});
export type SessionRow = Infer<typeof SESSION_ROW>;

export const isRow = (value: unknown): value is SessionRow => SESSION_ROW.read(value) !== undefined;

/** A sealed session record is authenticated as one. */
export const SESSION_CONTEXT = 'session';

export const generationOfRecord = (saved: SessionRecord): number =>
  saved.state === 'signed-in' ? saved.session.generation : saved.generation;

/** Opens the rows of one deployment. Rejects with `DataError` for a row that is none. */
export const createRowOpener = (
  sealer: Pick<Sealer, 'open'>,
  withoutProvider: Pick<Sealer, 'open'>,
): ((row: unknown) => Promise<SessionRecord>) => {
  /** A former version wrote no binding, and sealed all kinds alike. Page script can write a wrong one. */
  const unseal = ({ sealed, binding }: SessionRow): Promise<unknown> => {
    const [likely, other] = binding === 'none' ? [withoutProvider, sealer] : [sealer, withoutProvider];
    return likely.open(sealed, SESSION_CONTEXT).catch((error: unknown) => {
      if (other === likely || !(error instanceof Error) || error.name !== 'OperationError') throw error;
      return other.open(sealed, SESSION_CONTEXT);
    });
  };
  return async (row) => {
    const saved = isRow(row) && SESSION_RECORD.read(await unseal(row));
    // The generation in clear decides which of two rows is newer, so it must equal the sealed one.
    if (saved && generationOfRecord(saved) === row.generation) return saved;
    throw new DOMException('record', 'DataError');
  };
};
