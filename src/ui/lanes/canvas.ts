import type { Palette } from './paint.ts';

export const COLOURS = ['good', 'busy', 'warn', 'bad', 'idle', 'line', 'soft', 'ink', 'accent', 'surface'] as const;

/** The colours of the `.c-` classes: a canvas takes no custom properties. */
export const readPalette = (root: ParentNode): Palette => {
  const colour = (name: string): string => {
    const probe = root.querySelector(`.c-${name}`);
    return probe ? getComputedStyle(probe).color : 'black';
  };
  return Object.fromEntries(COLOURS.map((name) => [name, colour(name)])) as Palette;
};

/** Calls `changed` when the system's colours do. */
export const watchColours = (changed: () => void, signal: AbortSignal): void => {
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)'])
    matchMedia(query).addEventListener('change', changed, { signal });
};

/** Gives the canvas this size in CSS pixels. Returns the device pixels of each. */
export const sizeCanvas = (canvas: HTMLCanvasElement, width: number, height: number): number => {
  const scale = devicePixelRatio;
  const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
  // setting a size clears the canvas, even if it is the same
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.blockSize = `${height}px`;
  return scale;
};
