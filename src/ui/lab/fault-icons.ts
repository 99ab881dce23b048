import type { FaultName } from './faults.ts';

/** One icon for each fault, on the grid of `icon`. */
export const FAULT_ICONS: Readonly<Record<FaultName, string>> = {
  worker: 'M12 3v8M6.500 6.500a8 8 0 1 0 11 0',
  reload: 'M20 12a8 8 0 1 1-2.300-5.700M20 4v4h-4',
  'hard-reload': 'M20 12a8 8 0 1 1-2.300-5.700M20 4v4h-4M12 8v5M12 16h.01',
  network: 'M5 13a10 10 0 0 1 14 0M8.500 16.500a5 5 0 0 1 7 0M12 20h.01M4 4l16 16',
  drop: 'M9 15l6-6M10.500 6.500 12 5a4.200 4.200 0 0 1 6 6l-1.500 1.500M13.500 17.500 12 19a4.200 4.200 0 0 1-6-6l1.500-1.500M4 4l3 3',
  freeze: 'M12 3v18M4.500 7.500l15 9M19.500 7.500l-15 9',
  expire: 'M7 3h10M7 21h10M8 3v4l4 5 4-5V3M8 21v-4l4-5 4 5v4',
  provider: 'M12 3 5 6v5.500c0 4.500 3 7.500 7 9.500 4-2 7-5 7-9.500V6zM9.500 9.500l5 5M14.500 9.500l-5 5',
  lost: 'M4 6h16v12H4zM4 7l8 6 8-6M15 21l5-5',
  restart: 'M4 4h16v6H4zM4 14h16v6H4zM8 7h.01M8 17h.01',
  deploy: 'M12 20V8M7 13l5-5 5 5M5 4h14',
  tabs: 'M3 8h14v12H3zM7 8V4h14v12h-4',
};
