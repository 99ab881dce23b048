import type { Evaluates } from './keeper-page.ts';

/** What the API answers to whoever is signed in. */
export const MODELS = '/api/v1/llm/models';

export type Fetched = number | 'network error';

/** Plain `fetch`es in page script, all at once: no header, no library. Gives the status of each. */
export const fetchAll = (page: Evaluates, urls: readonly string[]): Promise<Fetched[]> =>
  page.evaluate(
    (all) =>
      Promise.all(
        all.map(async (url): Promise<Fetched> => {
          try {
            const response = await fetch(url);
            await response.arrayBuffer();
            return response.status;
          } catch {
            return 'network error';
          }
        }),
      ),
    urls,
  );

export const fetchOnce = async (page: Evaluates, url = MODELS): Promise<Fetched | undefined> =>
  (await fetchAll(page, [url]))[0];
