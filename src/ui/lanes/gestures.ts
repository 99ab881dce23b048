/** Receives the gestures of mouse, trackpad and touch, in CSS pixels from the top left corner of the surface. */
export type GestureListener = {
  point(x: number, y: number): void;
  leave(): void;
  /** A mouse drags from one place to another. */
  select(from: number, to: number): void;
  /** A press without a drag. */
  press(): void;
  /** Positive: towards later times. */
  pan(pixels: number): void;
  /** `factor` below 1 shows less time; the moment at `x` stays in place. */
  zoom(factor: number, x: number): void;
};

/** A mouse that moves less than this while its button is down does not drag. */
const DRAG_PX = 4;

/** `deltaY` that doubles the time on screen. One notch of a wheel is about 100. */
const WHEEL_PER_DOUBLING = 240;

/**
 * A mouse that drags selects, with Shift it pans. One finger pans, two fingers zoom. A wheel scrolls the page as usual and zooms only with Ctrl, which is also
 * how browsers report a pinch on a trackpad.
 */
export const listenToGestures = (surface: HTMLElement, listener: GestureListener, signal: AbortSignal): void => {
  const down = new Map<number, number>();
  /** Where the mouse began to select; `moved` once it drags. */
  let selecting: { from: number; moved: boolean } | undefined;
  const place = (event: MouseEvent): [number, number] => {
    const box = surface.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const spread = (): number => {
    const [a = 0, b = 0] = [...down.values()];
    return Math.max(1, Math.abs(a - b));
  };
  const drag = (id: number, x: number): void => {
    const before = down.get(id) ?? x;
    const was = spread();
    down.set(id, x);
    if (down.size === 1) return listener.pan(before - x);
    const [a = 0, b = 0] = [...down.values()];
    listener.zoom(was / spread(), (a + b) / 2);
  };
  const selectTo = (start: { from: number; moved: boolean }, x: number): void => {
    start.moved ||= Math.abs(x - start.from) >= DRAG_PX;
    if (start.moved) listener.select(start.from, x);
  };
  const up = (event: PointerEvent): void => {
    if (selecting?.moved === false && event.type === 'pointerup') listener.press();
    selecting = undefined;
    down.delete(event.pointerId);
  };
  const options = { signal };
  surface.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      surface.setPointerCapture(event.pointerId);
      const [x] = place(event);
      if (event.pointerType === 'mouse' && !event.shiftKey) selecting = { from: x, moved: false };
      else down.set(event.pointerId, x);
    },
    options,
  );
  surface.addEventListener(
    'pointermove',
    (event) => {
      const [x, y] = place(event);
      if (selecting) selectTo(selecting, x);
      if (down.has(event.pointerId)) drag(event.pointerId, x);
      listener.point(x, y);
    },
    options,
  );
  surface.addEventListener('pointerup', up, options);
  surface.addEventListener('pointercancel', up, options);
  surface.addEventListener('pointerleave', () => listener.leave(), options);
  surface.addEventListener(
    'wheel',
    (event) => {
      if (event.ctrlKey) listener.zoom(2 ** (event.deltaY / WHEEL_PER_DOUBLING), place(event)[0]);
      else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) listener.pan(event.deltaX);
      else return;
      event.preventDefault();
    },
    { signal, passive: false },
  );
};
