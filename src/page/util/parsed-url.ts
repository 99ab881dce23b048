/** The URL, or `undefined` where it is none. Safari before 17 has no `URL.parse` and no `URL.canParse`. */
export const parsedUrl = (text: string, base?: URL): URL | undefined => {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
};
