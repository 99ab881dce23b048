import { API_CHECKS } from './api.ts';
import { BROWSER_CHECKS } from './browser.ts';
import type { DoctorCheck } from './check.ts';
import { DOCUMENT_CHECKS } from './documents.ts';
import { EDGE_CHECKS } from './edges.ts';
import { PROVIDER_CHECKS } from './provider.ts';
import { SESSION_CHECKS } from './session.ts';
import { SOCKET_CHECKS } from './sockets.ts';
import { WORKER_CHECKS } from './worker.ts';

/** Every check, in the order in which the doctor runs them. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  ...WORKER_CHECKS,
  ...DOCUMENT_CHECKS,
  ...EDGE_CHECKS,
  ...PROVIDER_CHECKS,
  ...API_CHECKS,
  ...SOCKET_CHECKS,
  ...SESSION_CHECKS,
  ...BROWSER_CHECKS,
];
