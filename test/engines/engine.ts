import type { Page } from '@playwright/test';

/** The parts of a tab that the drivers of all engines support. */
export type Tab = Pick<Page, 'evaluate'> & {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
};

export type EngineName = 'chromium' | 'firefox' | 'webkit';

/** One browser with one profile. */
export type Engine = {
  readonly name: EngineName;
  /** As the browser reports it. */
  readonly version: string;
  /** Opens a tab in front of all others, which are then hidden in engines that hide them. */
  open(): Promise<Tab>;
  /** Console errors of all tabs. `undefined` when the driver does not report them. */
  complaints(): readonly string[] | undefined;
  close(): Promise<void>;
};
