/**
 * Codes of a write to a pipe whose reader has gone: POSIX, Windows, and a stream that Node closed after the first one
 * (https://nodejs.org/api/errors.html#common-system-errors).
 */
const READER_GONE: ReadonlySet<unknown> = new Set(['EPIPE', 'EOF', 'ERR_STREAM_DESTROYED']);

/**
 * Drops output that has no reader any more, as in `session-keeper init | head`. The command goes on and ends with its own
 * exit code, because `init`, `backup` and `lab` must not leave half of their files. Any other error of the stream ends
 * the process, as without this function.
 */
export const dropOutputOfClosedPipe = (stream: NodeJS.EventEmitter): void => {
  stream.on('error', (error: Error) => {
    if (!('code' in error) || !READER_GONE.has(error.code)) throw error;
  });
};
