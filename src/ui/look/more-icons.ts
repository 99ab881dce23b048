/** Icons that the first paint does without, on the grid of `icon`. */
export const MORE_ICONS = {
  check: 'm5 12.5 4.5 4.5L19 7.5',
  cross: 'M6 6l12 12M18 6 6 18',
  device: 'M3 5h18v11H3zM9 20h6M12 16v4',
  key: 'M14.5 9.5a4.5 4.5 0 1 0-4 4L8 16v2H6v2H3v-3l6-6M15.5 8.5h.01',
  list: 'M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  plus: 'M12 5v14M5 12h14',
  shield: 'M12 3 5 6v5.5c0 4.5 3 7.5 7 9.5 4-2 7-5 7-9.5V6z',
} as const;
