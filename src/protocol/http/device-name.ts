/** The first mark that a user agent string contains decides: Edge also contains Chrome's, and Chrome contains Safari's. */
const BROWSERS = [
  ['Edg/', 'Edge'],
  ['Firefox/', 'Firefox'],
  ['Chrome/', 'Chrome'],
  ['Safari/', 'Safari'],
] as const;
const SYSTEMS = ['Android', 'iPhone', 'iPad', 'Windows', 'Macintosh', 'CrOS', 'Linux'] as const;

/** "Firefox, Windows"; empty for an unknown user agent. Coarse on purpose: a user recognizes a device by it, and a stranger learns no more. */
export const deviceName = (userAgent: string): string => {
  const browser = BROWSERS.find(([mark]) => userAgent.includes(mark))?.[1];
  const system = SYSTEMS.find((mark) => userAgent.includes(mark));
  return [browser, system].filter(Boolean).join(', ');
};
