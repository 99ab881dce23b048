import { logs } from '@opentelemetry/api-logs';
import type { Keeper } from 'session-keeper';
import { onEvent } from 'session-keeper/telemetry';

/** Sends what happens to the session as log records. Your site sets up the provider and the exporter. */
export const sendToOpenTelemetry = (keeper: Keeper, sampleRate = 0.1): (() => void) => {
  const logger = logs.getLogger('session-keeper');
  return onEvent(
    keeper,
    ({ at, attributes, ...event }) =>
      logger.emit({
        timestamp: at,
        eventName: `session_keeper.${event.type}`,
        attributes: { ...attributes, ...event },
      }),
    { sampleRate },
  );
};
