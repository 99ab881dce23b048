import { createHash } from 'node:crypto';
import { KEEPER_ROOT, PULSE_SCRIPT } from '../../../src/protocol/bridge/bridge-constants.ts';
import type { Context } from '../site/context.ts';
import { UNKNOWN_CONFIG } from '../site/deployment.ts';
import { mediaType, NAVIGATION } from '../site/http-request.ts';
import { hashedPartsOf, shellDocumentsOf, type HashedFile } from '../site/worker-scripts.ts';
import { fail, pass, skipped, warn, type DoctorCheck } from './check.ts';

const group = 'Worker script';

const hashOf = (body: string): string => `sha256-${createHash('sha256').update(body).digest('base64')}`;

/** What is wrong with the answer for a file whose hash the worker knows. */
const faultOf = async (
  context: Context,
  { url, integrity }: HashedFile,
  headers: Readonly<Record<string, string>>,
): Promise<string | undefined> => {
  const { status, body } = await context.request(url, { headers });
  if (status !== 200) return `${url} answers ${status}`;
  return hashOf(body) === integrity ? undefined : `${url} has other bytes than the build`;
};

const firstFault = async (
  context: Context,
  files: readonly HashedFile[],
  headers: Readonly<Record<string, string>>,
): Promise<string | undefined> => {
  for (const file of files) {
    const fault = await faultOf(context, file, headers);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const parts: DoctorCheck = {
  id: 'worker-parts',
  title: 'All parts of the worker are there',
  group,
  async run(context) {
    const files = hashedPartsOf(await context.workerTexts(), context.site.worker);
    if (files.length === 0) return pass('one script');
    const fault = await firstFault(context, files, { accept: '*/*' });
    if (fault === undefined) return pass(`${files.length} files`);
    return fail(
      fault,
      'The worker fetches each part by its hash when it installs. With one missing or changed, no browser installs it.',
      'Publish the worker and all its parts from one build, and let no proxy change scripts. "npx session-keeper init --check" compares them.',
    );
  },
};

const shell: DoctorCheck = {
  id: 'shell-unchanged',
  title: 'Nothing rewrites the documents',
  group: 'Documents',
  async run(context) {
    const files = shellDocumentsOf(await context.workerTexts(), context.site.worker);
    if (files.length === 0) return pass('the worker keeps none for offline use');
    const fault = await firstFault(context, files, NAVIGATION);
    if (fault === undefined) return pass(`${files.length} as they were built`);
    return fail(
      fault,
      'The worker serves no document that differs from its build, so the app does not start offline.',
      "Switch off what changes HTML on its way: a CDN's script or analytics injection, e-mail protection, minification. 'cache-control: no-transform' forbids it.",
    );
  },
};

const pulse: DoctorCheck = {
  id: 'pulse-script',
  title: 'The script that keeps the worker alive is there',
  group,
  async run(context) {
    const url = new URL(PULSE_SCRIPT, context.site.worker).href;
    const answer = await context.request(url, { headers: { accept: '*/*' } });
    if (answer.status === 200 && answer.body.includes(KEEPER_ROOT)) return pass(new URL(url).pathname);
    const found = answer.status === 200 ? `is ${mediaType(answer) || 'another file'}` : `answers ${answer.status}`;
    return warn(
      `${url} ${found}`,
      'Firefox stops the worker after 30 s without it, and sockets reconnect each time.',
      `Serve ${PULSE_SCRIPT} of the package beside the worker.`,
    );
  },
};

const callbackScope: DoctorCheck = {
  id: 'callback-scope',
  title: 'The worker answers the callback',
  group: 'Error pages and callback',
  async run(context) {
    const callback = (await context.deployment())?.oidc?.callback;
    if (callback === undefined)
      return skipped(
        (await context.deployment()) ? 'There is no OpenID sign-in, so there is no callback.' : UNKNOWN_CONFIG,
      );
    const scope = await context.widestScope();
    if (callback.startsWith(scope)) return pass(`${callback} is in ${scope}`);
    return fail(
      `${callback} is outside the scope ${scope} of the worker`,
      'The worker gets no request for the callback, so no sign-in ever ends.',
      `Choose a callback below ${scope}, in the configuration and at the provider.`,
    );
  },
};

export const FILE_CHECKS: readonly DoctorCheck[] = [parts, pulse, shell, callbackScope];
