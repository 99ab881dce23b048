import { logs } from '@opentelemetry/api-logs';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { createTransport, init, type Event } from '@sentry/browser';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sendToOpenTelemetry } from '../../examples/telemetry/opentelemetry.ts';
import { sendToSentry } from '../../examples/telemetry/sentry.ts';
import { createFakeKeeper, offline, signedIn, signedOut } from '../../src/testing/index.ts';
import type { JournalEntry } from '../../src/protocol/bridge/calls.ts';

/* The recipes of docs/how-to/observe.md, with the real libraries. */

const NOW = Date.now();
const entry = (machine: string, what: string, detail?: string): JournalEntry => ({
  at: NOW,
  worker: 'w1',
  machine,
  what,
  detail,
});
const ENDED = [
  entry('state', 'refreshing'),
  entry(
    'session',
    'grant-failed',
    'call=1 code=grant-rejected at=https://id.example/token status=400 error=invalid_grant',
  ),
  entry('session', '→ end'),
  entry('state', 'signed-out'),
];

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
});
afterEach(() => {
  vi.useRealTimers();
});

test('sends the events as log records to OpenTelemetry', async () => {
  const exporter = new InMemoryLogRecordExporter();
  logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] }));
  const stop = sendToOpenTelemetry(createFakeKeeper({ session: signedIn(), journal: ENDED }), 1);
  await vi.advanceTimersByTimeAsync(1_000);
  stop();
  const records = exporter.getFinishedLogRecords();
  expect(records.map(({ eventName }) => eventName)).toEqual([
    'session_keeper.state',
    'session_keeper.session',
    'session_keeper.state',
  ]);
  expect(records[1]?.attributes).toMatchObject({ name: 'grant-failed', code: 'grant-rejected', status: '400' });
  expect(records[0]?.hrTime[0]).toBe(Math.floor(NOW / 1_000));
});

test('reports a session that the server ended to Sentry, with what came before', async () => {
  const sent: Event[] = [];
  init({
    dsn: 'https://key@sentry.example/1',
    defaultIntegrations: false,
    beforeSend: (event) => {
      sent.push(event);
      return event;
    },
    transport: (options) => createTransport(options, async () => ({ statusCode: 200 })),
  });
  const keeper = createFakeKeeper({ session: signedIn(), journal: ENDED });
  const stop = sendToSentry(keeper);
  keeper.show(offline());
  keeper.show(signedOut('rejected'));
  await vi.advanceTimersByTimeAsync(1_000);
  stop();
  expect(sent).toHaveLength(1);
  expect(sent[0]).toMatchObject({ message: 'The server ended the session', extra: { code: 'grant-rejected' } });
  expect(sent[0]?.breadcrumbs?.map(({ data }): unknown => data?.['state'] ?? data?.['name'])).toEqual([
    'refreshing',
    'grant-failed',
  ]);
});

test.each(['opentelemetry', 'sentry'])('shows the recipe for %s as it is tested', (name) => {
  const text = readFileSync(new URL(`../../examples/telemetry/${name}.ts`, import.meta.url), 'utf8');
  expect(readFileSync(new URL('../../docs/how-to/observe.md', import.meta.url), 'utf8')).toContain(text);
});
