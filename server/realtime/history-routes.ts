import { Hono } from 'hono';
import { problemResponse, type Env, type Handler } from '../http/http.ts';
import { isTopic, type Topics } from './topics.ts';

/** Events told at once, the newest. */
const MOST = 200;

/**
 * The state of a topic for whoever comes anew or was told a gap (docs/reference/protocol-keeper.1.md §7): the last events, oldest
 * first, as `{ epoch, events: [{ offset, data }] }`. Whatever comes after them, the socket tells.
 */
export const historyRoutes = (topics: Topics, signedIn: Handler): Hono<Env> =>
  new Hono<Env>().use(signedIn).get('/:topic/events', async (c) => {
    const topic = c.req.param('topic');
    if (!isTopic(topic))
      return problemResponse({ status: 400, code: 'bad-request', detail: 'That is no name of a topic.' });
    const { owner } = c.get('principal');
    const { offset } = await topics.head(owner, topic);
    const events = await topics.read(owner, topic, Math.max(0, offset - MOST), MOST);
    return c.json({ epoch: topics.epoch, events });
  });
