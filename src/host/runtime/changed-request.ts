/**
 * A copy of a request with these changes. The constructor drops the referrer and its policy as soon as anything changes
 * (https://fetch.spec.whatwg.org/#dom-request), and an API would see the address of the worker's script.
 */
export const changedRequest = (request: Request, changes: RequestInit): Request =>
  new Request(request, { referrer: request.referrer, referrerPolicy: request.referrerPolicy, ...changes });
