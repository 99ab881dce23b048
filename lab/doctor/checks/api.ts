import { randomBytes } from 'node:crypto';
import { SUBPROTOCOL } from '../../../src/protocol/frames.ts';
import { parseJson } from '../../../src/protocol/json.ts';
import type { Socket } from '../deployment.ts';
import { header, mediaType, type Probe } from '../http.ts';
import { fail, fine, skipped, UNKNOWN_CONFIG, warn, type Finding } from '../finding.ts';
import type { Check, Context } from '../types.ts';

const group = 'API';

const whoami: Check = {
  id: 'whoami',
  title: 'Who is signed in is told truly',
  group,
  async run(context) {
    const deployment = await context.deployment();
    if (!deployment) return skipped(UNKNOWN_CONFIG);
    const path = deployment.whoami;
    if (path === undefined) return skipped('No whoami path is configured.');
    const answer = await context.ask(new URL(path, context.target.origin).href, {
      headers: { accept: 'application/json' },
    });
    const type = mediaType(answer);
    const mend = `Answer ${path} without authorization with 401, JSON and WWW-Authenticate (RFC 9110 §11.6.1); exempt it from start-page and login redirects.`;
    const found = `${path} answers ${answer.status} ${type || 'without a type'}`;
    if (answer.status === 401) {
      const isTyped = /\bjson$/.test(type) || header(answer, 'www-authenticate') !== '';
      if (!isTyped)
        return warn(found, 'A proxy or a captive portal could have said this; it does not look like the API.', mend);
      return fine(`401 ${header(answer, 'www-authenticate') || type}`);
    }
    const why =
      answer.status >= 300 && answer.status < 400
        ? 'A redirect to a login page hides the 401 that makes the worker refresh.'
        : 'The 401 makes the worker refresh; anything else hides that the session is gone, or pretends that it is there.';
    return fail(found, why, mend);
  },
};

const lab: Check = {
  id: 'lab',
  title: 'The fault lab is not open',
  group,
  async run(context) {
    const answer = await context.ask(new URL('/lab/log', context.target.origin).href, {
      headers: { accept: 'application/json' },
    });
    if (answer.status !== 200 || !Array.isArray(parseJson(answer.body)))
      return fine(`/lab/log answers ${answer.status}`);
    const say = context.target.isLocal ? warn : fail;
    return say(
      '/lab/log answers with the request log',
      'Anybody who reaches it can read who asked for what, end every session and break the server on purpose.',
      'Start the server without --lab (npm run serve) wherever others can reach it.',
    );
  },
};

const ELSEWHERE = 'https://session-keeper-doctor.invalid';
const NO_SOCKETS = 'No socket is configured.';

const dial = (context: Context, socket: Socket, origin: string): Promise<Probe> => {
  const url = new URL(socket.url, context.target.origin);
  url.protocol = url.protocol.replace(/^ws/, 'http');
  return context.probe(url.href, {
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      origin,
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
      ...(socket.codec === 'keeper.1' ? { 'sec-websocket-protocol': SUBPROTOCOL } : {}),
    },
  });
};

const statusOf = (probe: Probe): string => (probe.type === 'silent' ? probe.detail : String(probe.answer.status));

const eachSocket = async (context: Context, work: (socket: Socket) => Promise<Finding>): Promise<Finding> => {
  const deployment = await context.deployment();
  if (!deployment) return skipped(UNKNOWN_CONFIG);
  const { sockets } = deployment;
  if (sockets.length === 0) return skipped(NO_SOCKETS);
  const seen: string[] = [];
  for (const socket of sockets) {
    const finding = await work(socket);
    if (finding.verdict !== 'ok') return finding;
    seen.push(`${socket.url} ${finding.found}`);
  }
  return fine(seen.join(', '));
};

/** 101 and then a close code, or one of the refusals that a ticket's absence may have. */
const IS_THERE = new Set([101, 400, 401, 403]);

const socketThere: Check = {
  id: 'socket',
  title: 'The sockets are there',
  group,
  run: (context) =>
    eachSocket(context, async (socket) => {
      const outcome = await dial(context, socket, context.target.origin);
      if (outcome.type === 'answer' && IS_THERE.has(outcome.answer.status)) return fine(statusOf(outcome));
      return fail(
        `${socket.url} answers an upgrade with ${statusOf(outcome)}`,
        'No tab gets a live connection; the worker keeps trying.',
        'Let the proxy pass upgrades on that path (HTTP/1.1, Upgrade and Connection headers), with a read timeout above the heartbeat.',
      );
    }),
};

const socketOrigin: Check = {
  id: 'socket-origin',
  title: 'Other sites get no socket',
  group,
  run: (context) =>
    eachSocket(context, async (socket) => {
      const outcome = await dial(context, socket, ELSEWHERE);
      if (outcome.type === 'silent' || outcome.answer.status !== 101) return fine(`refused, ${statusOf(outcome)}`);
      return fail(
        `${socket.url} accepts an upgrade with Origin: ${ELSEWHERE}`,
        "CORS does not cover WebSockets: any site can open one with your people's cookies (CSWSH).",
        'Compare Origin with the origins of your application before the upgrade, and answer 403.',
      );
    }),
};

export const API_CHECKS: readonly Check[] = [whoami, lab, socketThere, socketOrigin];
