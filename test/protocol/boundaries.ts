import { SESSION_RECORD } from '../../src/core/session/session-record.ts';
import { PENDING_SIGN_IN, STORED_EXCHANGE } from '../../src/host/auth/pending-sign-ins.ts';
import { STORED_END_SESSION } from '../../src/host/auth/end-session.ts';
import { STORED_KEY_PAIR } from '../../src/host/auth/dpop-keys.ts';
import { STORED_SESSIONS } from '../../src/host/named-sessions/sessions-registry.ts';
import { STORED_REVOCATION } from '../../src/host/session/revocations.ts';
import { DATABASE_VERSION } from '../../src/host/storage/connection.ts';
import { SESSION_ROW } from '../../src/host/storage/session-row.ts';
import { STORED_KEY } from '../../src/host/storage/encryption.ts';
import { STORED_JOURNAL } from '../../src/host/storage/journal.ts';
import { NATIVE_ROW, NATIVE_VERSION } from '../../src/host/storage/native-record.ts';
import { OUTBOX_VERSION, STORED_OUTBOX } from '../../src/host/storage/outbox-store.ts';
import * as bridge from '../../src/protocol/bridge/bridge.ts';
import { TAB_MESSAGE } from '../../src/protocol/bridge/tab-messages.ts';
import * as calls from '../../src/protocol/bridge/calls.ts';
import * as vault from '../../src/protocol/bridge/vault.ts';
import { PAGE_FRAME } from '../../src/protocol/bridge/port-frames.ts';
import { REALTIME_FRAME } from '../../src/protocol/bridge/realtime-frames.ts';
import { CONFIG_VERSION, INJECTED_CONFIG } from '../../src/protocol/config.ts';
import { CLIENT_FRAMES, PROFILE_IDENTITY, SERVER_FRAMES, SUBPROTOCOL } from '../../src/protocol/frames.ts';
import { PROBLEM } from '../../src/protocol/problem-codes.ts';
import { CONTINUITY, SNAPSHOT } from '../../src/protocol/snapshot.ts';
import { PROTOCOL } from '../../src/protocol/version.ts';
import { TIMELINE_ENTRIES, TIMELINE_FILE, TIMELINE_VERSION } from '../../src/ui/timeline/file.ts';
import { STORED_ACCESS_TOKEN } from '../../server/auth/password-tokens.ts';
import { TOKEN_FAMILY } from '../../server/auth/token-family.ts';
import { COOKIE_SESSION } from '../../server/auth/cookie-sessions.ts';
import { ENVELOPE } from '../../server/base/lmdb-store.ts';
import { NOTE, NOTE_RECEIPT } from '../../server/demo/notes-routes.ts';
import { STORED_LINK } from '../../server/demo/download-links.ts';
import { STORED_LEASE } from '../../server/demo/upload-lease.ts';
import { STORED_UPLOAD, UPLOAD_SLOTS } from '../../server/demo/uploads.ts';
import { LEASE } from '../../server/data-folder/lease.ts';
import { STORE_MARKER } from '../../server/data-folder/marker.ts';
import { DEVICE_BOUND_ROW } from '../../server/kit/device-bound/session-row.ts';
import { PRINCIPAL } from '../../server/http/principal.ts';
import { OIDC_RECORD } from '../../server/provider/provider-records.ts';
import { SAVED_PRESENCE } from '../../server/realtime/presence-tracker.ts';
import { STORED_EVENT, TOPIC_HEAD } from '../../server/storage/lmdb-topic-log.ts';

export type Boundary = {
  name: string;
  version: unknown;
  schemas: unknown;
  /** Of the schemas that the version had when someone last decided about it. */
  pinned: readonly [version: unknown, hash: string];
  /** What to do after a change of the schemas, before the new hash is pinned. */
  todo: string;
};

const RECORDS =
  'A record that an older version wrote must still be read, and an older version must still read a new one: ' +
  'a session that cannot be read signs a user out. So only add optional fields, and keep the names.';

export const BOUNDARIES: readonly Boundary[] = [
  {
    name: 'page and worker',
    version: PROTOCOL,
    schemas: {
      page: bridge.PAGE_MESSAGE,
      worker: bridge.WORKER_MESSAGE,
      tab: TAB_MESSAGE,
      frames: [PAGE_FRAME, REALTIME_FRAME],
      calls: [calls.SIGN_IN_INTENT, calls.SIGN_IN_NEXT, calls.NUDGE_CAUSE, calls.JOURNAL_ENTRY, calls.PUBLICATION],
      snapshot: SNAPSHOT,
      problem: PROBLEM,
    },
    pinned: [5, 'd807e51afaa251e3'],
    todo:
      'If a build of the version before would misread them, raise PROTOCOL in src/protocol/version.ts, with a line of ' +
      'its history, and keep on reading the version before.',
  },
  {
    name: 'page and vault',
    version: 1,
    schemas: [vault.VAULT_OPEN, vault.VAULT_CALL, vault.VAULT_QUESTION, vault.VAULT_ANSWER, vault.VAULT_SETTINGS],
    pinned: [1, 'c01d427b84f94e59'],
    todo:
      'Two origins deploy them at different times, so a page of any build must understand a vault of any other one: add ' +
      'optional fields and messages only. The other side ignores what it does not know.',
  },
  {
    name: 'keeper.1',
    version: SUBPROTOCOL,
    schemas: { client: CLIENT_FRAMES, server: SERVER_FRAMES },
    pinned: ['keeper.1', 'f9225005640a69c1'],
    todo:
      'If a build of the version before would misread them, add a subprotocol to src/protocol/frames.ts, and keep on ' +
      'reading keeper.1. Its clients and servers ignore a field or frame that they do not know.',
  },
  {
    name: 'configuration',
    version: CONFIG_VERSION,
    schemas: INJECTED_CONFIG,
    pinned: [2, 'd6f75588bf485c78'],
    todo:
      'If a configuration of the version before is no longer complete or means something else, raise CONFIG_VERSION in ' +
      'src/protocol/config.ts, with a line of its history, and name the change in CHANGELOG.md.',
  },
  {
    name: 'IndexedDB, session-keeper',
    version: DATABASE_VERSION,
    schemas: {
      session: [SESSION_ROW, SESSION_RECORD],
      sealed: [STORED_KEY_PAIR, PENDING_SIGN_IN, STORED_END_SESSION, STORED_REVOCATION],
      plain: [PROFILE_IDENTITY, CONTINUITY, STORED_SESSIONS, STORED_EXCHANGE],
      keys: STORED_KEY,
      journal: STORED_JOURNAL,
    },
    pinned: [1, 'a5027823243e982b'],
    todo: `${RECORDS} A raised DATABASE_VERSION in src/host/storage/database.ts locks older workers out.`,
  },
  {
    name: 'IndexedDB, session-keeper-socket',
    version: OUTBOX_VERSION,
    schemas: STORED_OUTBOX,
    pinned: [1, '664cf431a4a375a0'],
    todo: 'Items of an older version must still be read, or messages are lost.',
  },
  {
    name: 'copy in a native store',
    version: NATIVE_VERSION,
    schemas: NATIVE_ROW,
    pinned: [1, '9fa0fc6d50298c50'],
    todo: `${RECORDS} Otherwise raise NATIVE_VERSION in src/host/storage/native-record.ts, and read both.`,
  },
  {
    name: 'timeline file',
    version: TIMELINE_VERSION,
    schemas: [TIMELINE_FILE, TIMELINE_ENTRIES],
    pinned: [1, '55ee37ff8ba42040'],
    todo: 'If a saved file would be misread, raise TIMELINE_VERSION in src/ui/timeline/file.ts, and read both.',
  },
  {
    name: "the server's store",
    // A server reads the records of the one before it, so they have no version.
    version: undefined,
    schemas: {
      envelope: ENVELOPE,
      principal: PRINCIPAL,
      password: [TOKEN_FAMILY, STORED_ACCESS_TOKEN],
      cookie: COOKIE_SESSION,
      deviceBound: DEVICE_BOUND_ROW,
      provider: OIDC_RECORD,
      topics: [TOPIC_HEAD, STORED_EVENT],
      presence: SAVED_PRESENCE,
      folder: [STORE_MARKER, LEASE],
      demo: [NOTE, NOTE_RECEIPT, STORED_UPLOAD, UPLOAD_SLOTS, STORED_LEASE, STORED_LINK],
    },
    pinned: [undefined, '53ed1eb326f642a9'],
    todo: RECORDS,
  },
];
