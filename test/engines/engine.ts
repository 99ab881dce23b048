import type { Page } from '@playwright/test';

/** What a story needs of a tab: the least that the drivers of all engines can do. */
export type Tab = Pick<Page, 'evaluate'> & {
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  close(): Promise<void>;
};

export type EngineName = 'chromium' | 'firefox' | 'webkit';

/** One browser with one profile. */
export type Engine = {
  readonly name: EngineName;
  /** A tab in front of all others, which are then hidden where the engine hides them. */
  open(): Promise<Tab>;
  /** What the consoles of all tabs complained about; `undefined` where the driver cannot know. */
  complaints(): readonly string[] | undefined;
  close(): Promise<void>;
};
