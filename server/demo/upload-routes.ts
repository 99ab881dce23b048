import { Hono } from 'hono';
import { problemResponse, type Ctx, type Env, type Handler } from '../http/route-helpers.ts';
import { MAX_UPLOAD_BYTES, receiveBody, type AppendResult, type Uploads } from './uploads.ts';

/** Maximum size of a part (bytes), so that a reverse proxy need not accept longer bodies. */
const MAX_PART_BYTES = 16 * 1024 * 1024;
const MAX_KEY = 200;

const tooLarge = (): Response =>
  problemResponse({ status: 413, code: 'too-large', detail: `At most ${MAX_UPLOAD_BYTES} bytes.` });
const notFound = (): Response =>
  problemResponse({ status: 404, code: 'not-found', detail: 'There is no such upload.' });
const badRequest = (detail: string): Response => problemResponse({ status: 400, code: 'bad-request', detail });

/** A number of bytes in a header. */
const bytesIn = (c: Ctx, name: string): number | undefined => {
  const value = c.req.header(name);
  return value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
};

/** A boolean header (RFC 9651 §3.3.6). */
const isComplete = (c: Ctx): boolean | undefined => {
  const value = c.req.header('upload-complete');
  return value === '?1' ? true : value === '?0' ? false : undefined;
};

const responseTo = (result: AppendResult): Response => {
  switch (result.type) {
    case 'absent':
      return notFound();
    case 'too-long':
      return badRequest('The body is longer than Upload-Length.');
    case 'cut':
      return problemResponse({ status: 503, code: 'cut', detail: 'Another request for this upload has started.' });
    case 'mismatch':
      return problemResponse(
        { status: 409, code: 'mismatching-upload-offset', detail: 'The upload has another offset.' },
        { 'upload-offset': String(result.offset), 'upload-complete': '?0' },
      );
    case 'appended':
      return new Response(null, {
        status: 204,
        headers: { 'upload-offset': String(result.offset), 'upload-complete': '?0' },
      });
    case 'received':
      return Response.json(result.receipt, {
        headers: { 'upload-offset': String(result.receipt.bytes), 'upload-complete': '?1' },
      });
  }
};

/**
 * Receives an upload, and returns its size and SHA-256. It accepts one request, or several parts: the server acknowledges
 * each part with its offset, so that an upload survives lost connections (draft-ietf-httpbis-resumable-upload-12).
 */
export const uploadRoutes = (uploads: Uploads, signedIn: Handler): Hono<Env> => {
  const begin = async (c: Ctx): Promise<Response> => {
    const length = bytesIn(c, 'upload-length');
    const key = c.req.header('idempotency-key');
    if (length === undefined || (key?.length ?? 0) > MAX_KEY) return badRequest('Upload-Length is required.');
    if (length > MAX_UPLOAD_BYTES) return tooLarge();
    const id = await uploads.begin(c.get('principal').owner, length, key);
    if (id === undefined)
      return problemResponse({ status: 429, code: 'over-limit', detail: 'Too many unfinished uploads.' });
    const headers = { location: `${c.req.path}/${id}`, 'upload-offset': '0', 'upload-complete': '?0' };
    return new Response(null, { status: 201, headers });
  };

  return new Hono<Env>()
    .use(signedIn)
    .options('/', () => {
      const limit = `max-size=${MAX_UPLOAD_BYTES}, max-append-size=${MAX_PART_BYTES}`;
      return new Response(null, { status: 204, headers: { 'upload-limit': limit } });
    })
    .on(['POST', 'PUT'], '/', async (c) => {
      if (isComplete(c) === false) return begin(c);
      const receipt = await receiveBody(c.req.raw.body);
      return receipt ? c.json(receipt) : tooLarge();
    })
    .get('/:id', async (c) => {
      const status = await uploads.status(c.get('principal').owner, c.req.param('id'));
      if (!status) return notFound();
      const headers = {
        'upload-offset': String(status.offset),
        'upload-length': String(status.length),
        'upload-complete': status.receipt ? '?1' : '?0',
      };
      return new Response(null, { status: 204, headers });
    })
    .patch('/:id', async (c) => {
      const offset = bytesIn(c, 'upload-offset');
      const complete = isComplete(c);
      if (
        offset === undefined ||
        complete === undefined ||
        c.req.header('content-type') !== 'application/partial-upload'
      )
        return badRequest('Upload-Offset, Upload-Complete and the type application/partial-upload are required.');
      const part = { offset, complete, body: c.req.raw.body };
      return responseTo(await uploads.append(c.get('principal').owner, c.req.param('id'), part));
    })
    .delete('/:id', async (c) =>
      (await uploads.remove(c.get('principal').owner, c.req.param('id'))) ? c.body(null, 204) : notFound(),
    );
};
