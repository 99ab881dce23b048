/** The data folder cannot be used. The message says what to do. */
export class DataDirError extends Error {
  override readonly name = 'DataDirError';
}
