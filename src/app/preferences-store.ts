import { PREFERENCES, preference, setPreference, sharedPreference, type PreferenceName } from '../ui/index.ts';

const keyOf = (name: PreferenceName): string => `session-keeper:${name}`;

/** Access to storage may be blocked; then a choice lasts as long as the page. */
const attempt = <T>(access: (storage: Storage) => T): T | undefined => {
  try {
    return access(localStorage);
  } catch {
    return undefined;
  }
};

const write = (name: PreferenceName): void => {
  const value = preference(name);
  attempt((storage) => (value === '' ? storage.removeItem(keyOf(name)) : storage.setItem(keyOf(name), value)));
};

/** Keeps the preferences in this browser, and takes over what another tab changes. */
export const keepPreferences = (): void => {
  for (const name of PREFERENCES) {
    setPreference(name, attempt((storage) => storage.getItem(keyOf(name))) ?? '');
    sharedPreference(name).subscribe(() => write(name));
  }
  addEventListener('storage', ({ key, newValue }) => {
    const changed = PREFERENCES.find((name) => keyOf(name) === key);
    if (changed) setPreference(changed, newValue ?? '');
  });
};
