import { html, type TemplateResult } from 'lit';
import { customElement } from 'lit/decorators.js';
import { KeeperElement } from '../base/keeper-element.ts';
import { strings } from '../strings/strings.ts';

@customElement('session-lab')
export class SessionLab extends KeeperElement {
  protected override render(): TemplateResult {
    return html`<h1>${strings().lab}</h1>`;
  }
}
