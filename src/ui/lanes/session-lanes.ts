import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { property, query, state } from 'lit/decorators.js';
import { customElement } from '../base/custom-element.ts';
import { announce } from '../base/announcements.ts';
import { appStrings } from '../strings/app-strings.ts';
import { ClockController } from '../base/clock-controller.ts';
import { axisTime } from '../timeline/time-labels.ts';
import { listenToGestures } from './gestures.ts';
import { CELL_PX } from './density.ts';
import { RangeEvent, type TimeRange } from '../timeline/filter.ts';
import { describeSpot, laneName, rangeEvidence, spotEvidence } from './evidence.ts';
import { BESIDE_PX, lanesStyles } from './lanes-styles.ts';
import { legend, legendStyles } from './legend.ts';
import { neighbourOf, spotAt, spotsOf, type Spot, type Timeline } from '../timeline/model.ts';
import { COLOURS, readPalette, sizeCanvas, watchColours } from './canvas.ts';
import { heightOf, laneHeight, paint, type Names } from './paint.ts';
import * as viewing from './viewport.ts';
import { baseStyles, theme } from '../look/theme.ts';

/** The spot of a lane that the pointer or the arrow keys are on. */
type Pointed = { lane: number; spot: Spot; at: number };

const REACH_PX = 6;
const ZOOM_STEP = 0.6;
const KEY_PAN_PX = 160;

/**
 * The lanes of a timeline on one canvas. Mouse, touch and keyboard can each zoom, pan and select on their own.
 *
 * @fires timeline-range - the range that the person selected
 *
 * @example
 * html`<session-lanes .timeline=${timelineOf(entries, Date.now(), true)} .live=${true}></session-lanes>`
 */
@customElement('session-lanes')
export class SessionLanes extends LitElement {
  static override styles = [theme, baseStyles, lanesStyles, legendStyles];

  @property({ attribute: false }) timeline: Timeline = { entries: [], lanes: [], from: 0, to: 1 };
  /** The timeline still grows: its end is now. */
  @property({ type: Boolean }) live = false;
  /** The part that is selected. */
  @property({ attribute: false }) range: TimeRange | undefined;
  @state() private pointed: Pointed | undefined;
  @query('canvas') private readonly canvas!: HTMLCanvasElement;
  @query('.surface') private readonly surface!: HTMLElement;
  /** How long the last frame took to paint (ms). */
  lastPaintMs = 0;
  readonly #clock = new ClockController(this);
  readonly #resize = new ResizeObserver(() => this.#paintSoon());
  /** Where a range that the keyboard extends began (ms since the Unix epoch). */
  #anchor: number | undefined;
  #view: viewing.Viewport | undefined;
  #following = true;
  #frame = 0;
  #gone: AbortController | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    const gone = new AbortController();
    this.#gone = gone;
    watchColours(() => this.#paintSoon(), gone.signal);
    void this.updateComplete.then(() => {
      if (gone.signal.aborted) return;
      this.#resize.observe(this.surface);
      listenToGestures(
        this.surface,
        {
          point: (x, y) => this.#point(x, y),
          leave: () => (this.pointed = undefined),
          select: (from, to) =>
            this.#selectBetween(viewing.timeAt(this.#viewport, from), viewing.timeAt(this.#viewport, to)),
          press: () => this.#setRange(undefined),
          pan: (pixels) => this.#move((view, extent) => viewing.pan(view, extent, pixels)),
          zoom: (factor, x) => this.#move((view, extent) => viewing.zoom(view, extent, factor, x)),
        },
        gone.signal,
      );
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#gone?.abort();
    this.#resize.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  /** Shows the whole timeline. */
  fit(): void {
    this.#view = undefined;
    this.#following = true;
    this.#paintSoon();
  }

  get #names(): Names {
    return this.clientWidth < BESIDE_PX ? 'above' : 'beside';
  }

  get #now(): number {
    return this.live ? this.#clock.now : this.timeline.to;
  }

  get #extent(): viewing.Extent {
    return { from: this.timeline.from, to: this.#now };
  }

  /** The part on screen: everything until the person zooms or pans; then that part, or the live end if it was in view. */
  get #viewport(): viewing.Viewport {
    const width = Math.max(1, this.surface.clientWidth);
    if (!this.#view) return viewing.fit(this.#extent, width);
    const view = { ...this.#view, width };
    return this.#following && this.live ? viewing.follow(view, this.#extent) : view;
  }

  #move(change: (view: viewing.Viewport, extent: viewing.Extent) => viewing.Viewport): void {
    const extent = this.#extent;
    this.#view = change(this.#viewport, extent);
    this.#following = this.#view.to >= extent.to;
    this.#paintSoon();
  }

  #zoomBy(factor: number): void {
    this.#move((view, extent) => {
      const x = this.pointed ? viewing.xOf(view, this.pointed.at) : view.width / (this.#following ? 1 : 2);
      return viewing.zoom(view, extent, factor, Math.min(view.width, Math.max(0, x)));
    });
  }

  #showLatest(): void {
    this.#following = true;
    this.#move(viewing.follow);
  }

  #point(x: number, y: number): void {
    const view = this.#viewport;
    const lane = Math.floor(y / laneHeight(this.#names));
    const found = this.timeline.lanes[lane];
    const at = viewing.timeAt(view, x);
    const reach = viewing.lengthOf(view, REACH_PX);
    const spot = found && at <= this.#now + reach ? spotAt(found, at, reach) : undefined;
    this.pointed = spot && { lane, spot, at: spot.type === 'mark' ? spot.at : at };
  }

  #setRange(range: TimeRange | undefined): void {
    if (range === undefined) this.#anchor = undefined;
    if (range !== this.range) this.dispatchEvent(new RangeEvent(range));
  }

  #selectBetween(one: number, other: number): void {
    this.#setRange(viewing.between(this.#extent, one, other));
  }

  /** Moves to the next event, and selects everything from where the selection began. */
  #extend(by: 1 | -1): void {
    this.#anchor ??= this.pointed?.spot.at;
    this.#step(by);
    if (this.pointed) this.#selectBetween((this.#anchor ??= this.pointed.spot.at), this.pointed.spot.at);
  }

  #zoomToRange(): void {
    const { range } = this;
    if (range) this.#move(({ width }, extent) => viewing.show(range, extent, width));
  }

  #select(lane: number, spot: Spot | undefined): void {
    const found = this.timeline.lanes[lane];
    if (!spot || !found) return;
    this.pointed = { lane, spot, at: spot.at };
    this.#move((view, extent) => viewing.reveal(view, extent, spot.at));
    announce(describeSpot(this.timeline, found, spot));
  }

  /** Selects the next (1) or previous (-1) event of the lane, or its last one if none is selected. */
  #step(by: 1 | -1): void {
    const lane = this.pointed?.lane ?? 0;
    this.#select(lane, neighbourOf(this.#spots(lane), this.pointed?.spot, by));
  }

  #changeLane(by: 1 | -1): void {
    const lane = Math.min(this.timeline.lanes.length - 1, Math.max(0, (this.pointed?.lane ?? -by) + by));
    const at = this.pointed?.at ?? this.#now;
    const spots = this.#spots(lane);
    this.#select(lane, spots.findLast((spot) => spot.at <= at) ?? spots[0]);
  }

  #spots(lane: number): Spot[] {
    return this.timeline.lanes.slice(lane, lane + 1).flatMap(spotsOf);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const acts: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => (event.shiftKey ? this.#extend(-1) : this.#step(-1)),
      ArrowRight: () => (event.shiftKey ? this.#extend(1) : this.#step(1)),
      Enter: () => this.#zoomToRange(),
      Escape: () => this.#setRange(undefined),
      ArrowUp: () => this.#changeLane(-1),
      ArrowDown: () => this.#changeLane(1),
      PageUp: () => this.#move((view, extent) => viewing.pan(view, extent, -KEY_PAN_PX)),
      PageDown: () => this.#move((view, extent) => viewing.pan(view, extent, KEY_PAN_PX)),
      '+': () => this.#zoomBy(ZOOM_STEP),
      '-': () => this.#zoomBy(1 / ZOOM_STEP),
      '0': () => this.fit(),
      Home: () => this.#select(this.pointed?.lane ?? 0, this.#spots(this.pointed?.lane ?? 0)[0]),
      End: () => this.#showLatest(),
    };
    const act = Object.hasOwn(acts, event.key) ? acts[event.key] : undefined;
    if (!act) return;
    event.preventDefault();
    act();
  }

  #paintSoon(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  }

  #paint(): void {
    const ctx = this.canvas.getContext('2d');
    if (!ctx || !this.checkVisibility()) return;
    const began = performance.now();
    const view = this.#viewport;
    const scale = sizeCanvas(this.canvas, view.width, heightOf(this.timeline.lanes.length, this.#names));
    paint(
      ctx,
      {
        timeline: this.timeline,
        view,
        names: this.#names,
        range: this.range,
        now: this.#now,
        palette: readPalette(this.renderRoot),
        font: `12px ${getComputedStyle(this).fontFamily}`,
        label: axisTime,
        pointed: this.pointed && { lane: this.pointed.lane, entry: this.pointed.spot.entry, at: this.pointed.at },
      },
      scale,
    );
    this.lastPaintMs = performance.now() - began;
  }

  protected override updated(changed: PropertyValues): void {
    if (changed.has('timeline')) this.pointed = undefined;
    this.#paintSoon();
  }

  protected override render(): TemplateResult {
    const t = appStrings();
    const button = (label: string, sign: string, act: () => void): TemplateResult =>
      html`<button aria-label=${label} title=${label} @click=${act}>${sign}</button>`;
    return html`
      <div class="row tools">
        ${button(t.zoomIn, '+', () => this.#zoomBy(ZOOM_STEP))}${button(t.zoomOut, '−', () => this.#zoomBy(1 / ZOOM_STEP))}
        <button @click=${() => this.fit()}>${t.fit}</button>
        ${this.live ? html`<button @click=${() => this.#showLatest()}>${t.latest}</button>` : nothing}
        <button @click=${() => this.#selectBetween(this.#viewport.from, this.#viewport.to)}>${t.selectShown}</button>
      </div>
      <div class="chart">
        <div class="names">
          ${this.timeline.lanes.map((lane) => html`<span class="name" title=${laneName(lane)}>${laneName(lane)}</span>`)}
        </div>
        <div class="surface" role="application" tabindex="0" aria-label=${t.chart} aria-describedby="help" @keydown=${this.#key}>
          <canvas></canvas>
        </div>
      </div>
      ${legend()}
      <p id="help" class="unseen">${t.chartHelp}</p>
      <div class="evidence">${this.#evidence()}</div>
      ${COLOURS.map((name) => html`<i class="c-${name}"></i>`)}
    `;
  }

  #evidence(): TemplateResult {
    const { pointed, timeline } = this;
    const lane = pointed && timeline.lanes[pointed.lane];
    if (pointed && lane) {
      const reach = viewing.lengthOf(this.#viewport, CELL_PX / 2);
      return spotEvidence({ ...pointed, timeline, lane, now: this.#now, reach });
    }
    const { range } = this;
    if (!range) return html`<p class="soft">${appStrings().pointAt}</p>`;
    return rangeEvidence(timeline, range, {
      now: this.#now,
      zoom: () => this.#zoomToRange(),
      clear: () => this.#setRange(undefined),
    });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'session-lanes': SessionLanes;
  }
}
