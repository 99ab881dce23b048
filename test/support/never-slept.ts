/** Connections of a device that never slept, so none of them is checked. */
export const NEVER_SLEPT = { checked: (): undefined => undefined };
