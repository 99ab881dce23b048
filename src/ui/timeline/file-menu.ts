import { css, html, nothing, type TemplateResult } from 'lit';
import type { JournalEntry } from '../../protocol/bridge/calls.ts';
import { announce } from '../base/announcements.ts';
import { saveFile } from '../base/save-file.ts';
import { appStrings } from '../strings/app-strings.ts';
import { frameStrings } from '../strings/frame-strings.ts';
import { sortByTime } from './entries.ts';
import { MAX_FILE_BYTES, parseTimelineFile, timelineText } from './file.ts';

const FILE_NAME = 'session-timeline.json';
const JSON_TYPE = 'application/json';

export const fileMenuStyles = css`
  .file-menu { anchor-name: --file; }
  [popover] { position-anchor: --file; padding: .375rem; }
  [popover] button { display: block; inline-size: 100%; border: 0; text-align: start; }
`;

type Use = (name: string, entries: readonly JournalEntry[]) => void;

/** `entries`, `json`: what leaves the page. `trouble`: what went wrong, empty once something worked. */
type FileMenu = {
  entries(): readonly JournalEntry[];
  json(): string;
  look: Use;
  compare: Use;
  trouble(text: string): void;
};

const copy = async ({ entries, trouble }: FileMenu, text: string): Promise<void> => {
  try {
    await navigator.clipboard.writeText(text);
    trouble('');
    announce(appStrings().copied(entries().length));
  } catch {
    trouble(appStrings().copyFailed);
  }
};

const fileOf = (json: string): File => new File([json], FILE_NAME, { type: JSON_TYPE });

const share = async ({ json, trouble }: FileMenu): Promise<void> => {
  try {
    await navigator.share({ files: [fileOf(json())], title: frameStrings().timeline });
  } catch (error) {
    // the person closed the sheet
    if (error instanceof DOMException && error.name === 'AbortError') return;
    trouble(appStrings().shareFailed);
  }
};

const open = async (input: HTMLInputElement, use: Use, trouble: FileMenu['trouble']): Promise<void> => {
  const file = input.files?.[0];
  if (!file) return;
  const entries = file.size > MAX_FILE_BYTES ? undefined : parseTimelineFile(await file.text());
  input.value = '';
  const t = appStrings();
  if (!entries) return trouble(file.size > MAX_FILE_BYTES ? t.tooLarge : t.notATimeline);
  trouble('');
  use(file.name, sortByTime(entries));
  announce(t.lookingAt(file.name, entries.length));
};

/** The button's own input follows it. */
const pick = (event: Event): void => {
  if (!(event.currentTarget instanceof HTMLElement)) return;
  const input = event.currentTarget.nextElementSibling;
  if (input instanceof HTMLInputElement) input.click();
};

const picker = (label: string, use: Use, trouble: FileMenu['trouble']): TemplateResult =>
  html`<button @click=${pick}>${label}</button>
    <input type="file" accept="application/json,.json" hidden aria-label=${label} @change=${(event: Event) => {
      if (event.target instanceof HTMLInputElement) void open(event.target, use, trouble);
    }} />`;

/** Save, share, copy, open and compare, in a popover below its button. */
export const fileMenu = (menu: FileMenu): TemplateResult => {
  const t = appStrings();
  const canShare = 'canShare' in navigator && navigator.canShare({ files: [fileOf('')] });
  return html`<button class="file-menu" popovertarget="file">${t.file}</button>
    <div id="file" popover="auto">
      <button @click=${() => saveFile(FILE_NAME, menu.json())}>${t.saveFile}</button>
      ${canShare ? html`<button @click=${() => share(menu)}>${t.share}</button>` : nothing}
      <button @click=${() => copy(menu, timelineText(menu.entries()))}>${t.copyText}</button>
      <button @click=${() => copy(menu, menu.json())}>${t.copyJson}</button>
      ${picker(t.openFile, menu.look, menu.trouble)}${picker(t.compare, menu.compare, menu.trouble)}
    </div>`;
};
