/** Icons that the first paint does without, on the grid of `icon`. */
export const MORE_ICONS = {
  check: 'm5 12.500 4.500 4.500L19 7.500',
  cross: 'M6 6l12 12M18 6 6 18',
  device: 'M3 5h18v11H3zM9 20h6M12 16v4',
  key: 'M14.500 9.500a4.500 4.500 0 1 0-4 4L8 16v2H6v2H3v-3l6-6M15.500 8.500h.01',
  list: 'M9 6h11M9 12h11M9 18h11M4 6h.01M4 12h.01M4 18h.01',
  leave: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  shield: 'M12 3 5 6v5.500c0 4.500 3 7.500 7 9.500 4-2 7-5 7-9.500V6z',
} as const;
