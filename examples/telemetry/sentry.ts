import { addBreadcrumb, captureMessage } from '@sentry/browser';
import type { Keeper } from 'session-keeper';
import { onEvent } from 'session-keeper/telemetry';

/** Adds what happens to the session to the breadcrumbs, and reports each session that the server ended. */
export const sendToSentry = (keeper: Keeper): (() => void) =>
  onEvent(keeper, ({ at, attributes, ...event }) => {
    const data = { ...event, ...attributes };
    addBreadcrumb({ category: 'session-keeper', message: event.type, timestamp: at / 1000, data });
    if (attributes['code'] !== 'grant-rejected' && attributes['code'] !== 'answer-lost') return;
    captureMessage('The server ended the session', { level: 'warning', extra: data });
  });
