import { SharedValue } from './shared-value.ts';

/**
 * What a person chose in this browser. `name` and `kind` are the user name and the method of the last sign-in. The app
 * keeps them (`src/app/preferences-store.ts`); on another site they last as long as the page.
 */
export const PREFERENCES = ['language', 'appearance', 'shortcuts', 'notifications', 'name', 'kind'] as const;
export type PreferenceName = (typeof PREFERENCES)[number];

const values = Object.fromEntries(PREFERENCES.map((name) => [name, new SharedValue('')])) as Record<
  PreferenceName,
  SharedValue<string>
>;

/** A preference, for a part that follows it. Empty: nothing was chosen. */
export const sharedPreference = (name: PreferenceName): SharedValue<string> => values[name];

export const preference = (name: PreferenceName): string => values[name].value;

export const setPreference = (name: PreferenceName, value: string): void => {
  values[name].value = value;
};

/** For a device that another person will use. */
export const clearPreferences = (): void => {
  for (const name of PREFERENCES) setPreference(name, '');
};
