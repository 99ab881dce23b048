import type { PublishedEvent, Topics } from './topics.ts';

/**
 * The events of owners for readers without cursors: in order, each once, and none left out. What the bus lost comes from the
 * log. `deliver`: gets each event. `wants`: whether anyone still reads the events of an owner.
 */
export type OrderedEvents = {
  /** Looks for what the bus may have lost. */
  lookAgain(): void;
};

type Place = { owner: string; topic: string; epoch: string; offset: number; work: Promise<void> };

const READ_BATCH = 200;

export const createOrderedEvents = (
  topics: Topics,
  deliver: (event: PublishedEvent) => void,
  wants: (owner: string) => boolean,
): OrderedEvents => {
  const places = new Map<string, Place>();

  const readUpTo = async (place: Place, head: number): Promise<void> => {
    while (place.offset < head) {
      const events = await topics.read(place.owner, place.topic, place.offset, READ_BATCH);
      if (events.length === 0) return;
      for (const event of events) {
        place.offset = event.offset;
        deliver({ owner: place.owner, topic: place.topic, epoch: place.epoch, ...event });
      }
    }
  };

  const take = async (place: Place, event: PublishedEvent): Promise<void> => {
    // In a new epoch, what these readers have beyond its beginning is lost, and they have no way to learn it.
    if (event.epoch !== place.epoch) Object.assign(place, { epoch: event.epoch, offset: event.offset - 1 });
    if (event.offset <= place.offset) return;
    if (event.offset > place.offset + 1) return readUpTo(place, event.offset);
    place.offset = event.offset;
    deliver(event);
  };

  topics.subscribe((event) => {
    const key = `${event.owner}/${event.topic}`;
    if (!wants(event.owner)) return void places.delete(key);
    const { owner, topic, epoch } = event;
    const place = places.get(key) ?? { owner, topic, epoch, offset: event.offset - 1, work: Promise.resolve() };
    places.set(key, place);
    // Without a hole there is nothing to wait for.
    place.work = place.work.then(() => take(place, event)).catch(() => undefined);
  });

  return {
    lookAgain() {
      for (const [key, place] of places) {
        if (!wants(place.owner)) places.delete(key);
        else
          place.work = place.work
            .then(async () => {
              const head = await topics.head(place.owner, place.topic);
              if (head.epoch === place.epoch) await readUpTo(place, head.offset);
            })
            .catch(() => undefined);
      }
    },
  };
};
