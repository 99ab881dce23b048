import { API_CHECKS } from './api-checks.ts';
import { BROWSER_CHECKS } from './browser-checks.ts';
import type { DoctorCheck } from './check.ts';
import { DEVICE_CHECKS } from './device-checks.ts';
import { DOCUMENT_CHECKS } from './document-checks.ts';
import { EDGE_CHECKS } from './error-page-checks.ts';
import { FILE_CHECKS } from './file-checks.ts';
import { PROVIDER_CHECKS } from './provider-checks.ts';
import { SESSION_CHECKS } from './session-checks.ts';
import { SOCKET_CHECKS } from './socket-checks.ts';
import { WORKER_CHECKS } from './worker-checks.ts';

/** Every check, in the order in which the doctor runs them. */
export const DOCTOR_CHECKS: readonly DoctorCheck[] = [
  ...WORKER_CHECKS,
  ...FILE_CHECKS,
  ...DOCUMENT_CHECKS,
  ...EDGE_CHECKS,
  ...PROVIDER_CHECKS,
  ...API_CHECKS,
  ...SOCKET_CHECKS,
  ...SESSION_CHECKS,
  ...DEVICE_CHECKS,
  ...BROWSER_CHECKS,
];
