/** `HTMLTrackElement.readyState` (https://html.spec.whatwg.org/#dom-track-readystate). */
const TRACK_LOADING = 1;
const TRACK_FAILED = 3;

type Media = HTMLImageElement | HTMLMediaElement | HTMLTrackElement;

const hasFailed = (element: Media): boolean => {
  if (element instanceof HTMLImageElement)
    return element.complete && element.naturalWidth === 0 && element.currentSrc !== '';
  if (element instanceof HTMLTrackElement) return element.readyState === TRACK_FAILED;
  return element.error !== null || element.networkState === HTMLMediaElement.NETWORK_NO_SOURCE;
};

/** Its request went out before a worker controlled the page. */
const isLoading = (element: Media): boolean => {
  if (element instanceof HTMLImageElement) return !element.complete;
  if (element instanceof HTMLTrackElement) return element.readyState === TRACK_LOADING;
  return (
    element.readyState === HTMLMediaElement.HAVE_NOTHING && element.networkState === HTMLMediaElement.NETWORK_LOADING
  );
};

/** To set the same address again starts the request again (https://html.spec.whatwg.org/#update-the-image-data). */
const loadAgain = (element: Media): void => {
  if (element instanceof HTMLMediaElement) return element.load();
  const name = element.hasAttribute('srcset') ? 'srcset' : 'src';
  element.setAttribute(name, element.getAttribute(name) ?? '');
};

/**
 * Loads pictures, sounds, videos and captions of the document once more, if they fail. A page that a hard reload left
 * without a controller requested them without authorization. Call it when a worker controls the page.
 */
export const reloadFailedMedia = (): void => {
  for (const element of document.querySelectorAll<Media>('img, audio, video, track')) {
    if (hasFailed(element)) loadAgain(element);
    // An error of a `<source>` does not bubble.
    else if (isLoading(element))
      element.addEventListener('error', () => loadAgain(element), { once: true, capture: true });
  }
};
