import { html, nothing, type TemplateResult } from 'lit';
import type { Keeper } from '../../page/types/types.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { nextTryOf, signedInSession, type Status } from '../base/status.ts';
import { labelFor } from '../strings/frame-strings.ts';
import { strings } from '../strings/strings.ts';
import { nextTry } from '../text/time.ts';
import { socketSince } from '../text/socket-text.ts';
import { headlineOf } from './headline.ts';

/** What `<session-status>` shows when it opens: the sentence, each connection, and the next attempt. */
export const statusDetails = (
  keeper: Keeper | undefined,
  snapshot: Snapshot | undefined,
  now: number,
  shown: Status,
): TemplateResult => {
  const t = strings();
  const { headline, detail } = headlineOf(snapshot, now, shown);
  const next = snapshot && nextTryOf(snapshot);
  const sockets = snapshot && signedInSession(snapshot.session) ? Object.entries(snapshot.sockets) : [];
  return html`<div class="stack"><h2>${headline}</h2><p class="soft small">${detail}</p>
      ${
        sockets.length > 0
          ? html`<ul class="small">${sockets.map(
              ([url, socket]) =>
                html`<li><code>${url}</code> <span class="soft">${labelFor(t.socket, socket.state)}${socketSince(socket, now)}</span></li>`,
            )}</ul>`
          : nothing
      }
      ${
        next === undefined
          ? nothing
          : html`<div class="row"><button @click=${() => keeper?.nudge('user')}>${t.tryNow}</button><span class="soft small numbers sentence">${nextTry(next, now)}</span></div>`
      }
    </div>`;
};
