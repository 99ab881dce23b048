import type { Evaluates } from './keeper-page.ts';

/** An API route that answers 200 to a signed-in user. */
export const MODELS = '/api/v1/llm/models';

export type Fetched = number | 'network error';

/** Sends plain `fetch` requests in page script, all at once, without headers or library. Returns their statuses. */
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
