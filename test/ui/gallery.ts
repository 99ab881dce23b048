/** The app's own page with a scripted keeper: `?scene=degraded&lang=de&entries=10000#timeline`; without a scene, a list of them. */
import shell from '../../index.html?raw';
import { adoptTheme, loadRest, setUpControls, startApp } from '../../src/app/start.ts';
import { loadFirstParts } from '../../src/app/views.ts';
import { isLanguage, setLanguage } from '../../src/ui/index.ts';
import { longJournal } from './long-journal.ts';
import { ScriptedKeeper } from './scripted-keeper.ts';
import { scenes, usualJournal } from './scenes.ts';

declare global {
  /** Lets a test change the scene on the open page, and read the calls to the keeper. */
  var gallery: { show(scene: string): void; calls: readonly string[] };
}

/** With Trusted Types enforced, this policy lets the app's own markup pass and nothing else. */
window.trustedTypes?.createPolicy('default', {
  createHTML: (markup: string) => {
    if (markup !== shell) throw new TypeError('Not the markup of this app.');
    return markup;
  },
});

const sceneOf = (name: string, now: number) => {
  const make = scenes[name];
  if (!make) throw new RangeError(`There is no scene "${name}".`);
  return make(now);
};

const open = async (name: string, language: string, entries: number): Promise<void> => {
  if (isLanguage(language)) await setLanguage(language);
  document.body.replaceChildren(...new DOMParser().parseFromString(shell, 'text/html').body.children);
  const now = Date.now();
  const { snapshot, updateReady = false, journal = usualJournal(now) } = sceneOf(name, now);
  const keeper = new ScriptedKeeper(snapshot, {
    journal: entries > 0 ? longJournal(entries, now) : journal,
    updateReady,
  });
  await loadFirstParts();
  setUpControls(document);
  await startApp(keeper, document);
  void loadRest(keeper, document);
  globalThis.gallery = {
    calls: keeper.calls,
    show: (next) => {
      keeper.show(sceneOf(next, Date.now()).snapshot);
    },
  };
};

const list = (): void => {
  const links = Object.keys(scenes).map((name) => {
    const link = document.createElement('a');
    link.href = `?scene=${name}`;
    link.textContent = name;
    const item = document.createElement('li');
    item.append(link);
    return item;
  });
  const all = document.createElement('ul');
  all.append(...links);
  document.body.replaceChildren(all);
};

adoptTheme(document);
const query = new URLSearchParams(location.search);
// the app knows its own addresses only
history.replaceState(null, '', `/${location.search}${location.hash}`);
const scene = query.get('scene');
if (scene === null) list();
else await open(scene, query.get('lang') ?? 'en', Number(query.get('entries')));
