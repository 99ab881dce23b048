/** What a person does with a mouse, a trackpad, fingers: said in pixels from the left edge of the surface. */
export type GestureListener = {
  point(x: number, y: number): void;
  leave(): void;
  /** Positive: towards what is later. */
  pan(pixels: number): void;
  /** Below 1: closer. */
  zoom(factor: number, x: number): void;
};

/** A notch of a wheel is about 100. */
const WHEEL_PER_DOUBLING = 240;

/**
 * One finger or button drags, two fingers pinch; a wheel turns the page as ever, and zooms only with Ctrl (what a
 * trackpad's pinch is told as).
 */
export const listenToGestures = (surface: HTMLElement, listener: GestureListener, signal: AbortSignal): void => {
  const down = new Map<number, number>();
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
  const up = (event: PointerEvent): void => {
    down.delete(event.pointerId);
  };
  const options = { signal };
  surface.addEventListener(
    'pointerdown',
    (event) => {
      if (event.button !== 0) return;
      surface.setPointerCapture(event.pointerId);
      down.set(event.pointerId, place(event)[0]);
    },
    options,
  );
  surface.addEventListener(
    'pointermove',
    (event) => {
      const [x, y] = place(event);
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
