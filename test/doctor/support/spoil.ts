import type { CheckVerdict } from '../../../cli/doctor/checks/check.ts';
import type { Given } from './run.ts';
import {
  guarded,
  html,
  json,
  metadataOf,
  policy,
  script,
  workerHeaders,
  type Handler,
  type Plan,
  type TestSite,
} from './site.ts';

/** One fault, and the doctor's expected finding. */
export type Row = [
  id: string,
  verdict: CheckVerdict,
  name: string,
  spoilt: Partial<Plan>,
  found: RegExp,
  fix: RegExp,
  given?: Given,
];

export const page =
  (change: Record<string, string>): Handler =>
  (_request, site) =>
    html(site, change);
export const csp =
  (change: Record<string, string | undefined>): Handler =>
  (_request, site) =>
    html(site, { 'content-security-policy': policy(site, change) });
export const worker =
  (change: Record<string, string>): Handler =>
  (_request, site) => ({ headers: workerHeaders(site, change), body: script(site) });
export const configured = (make: (site: TestSite) => object): Partial<Plan> => ({
  worker: (_request, site) => ({ headers: workerHeaders(site), body: script(site, make(site)) }),
});
export const metadata = (change: Record<string, unknown>): Partial<Plan> => ({
  metadata: (_request, site) =>
    json({ ...metadataOf(site), ...change }, 200, { 'access-control-allow-origin': site.origin }),
});
export const bare =
  (status: number): Handler =>
  () => ({ status, headers: { 'content-type': 'text/html' } });
export const back =
  (query: string): Handler =>
  ({ url }) => ({ status: 302, headers: { location: `${url.searchParams.get('redirect_uri')}${query}` } });
export const without =
  (...names: string[]): Handler =>
  (_request, site) => ({
    headers: Object.fromEntries(Object.entries(guarded(site)).filter(([name]) => !names.includes(name))),
  });
/** Pages that do not stop a silent sign-in. */
export const openPage = page({ 'cross-origin-opener-policy': 'unsafe-none' });
