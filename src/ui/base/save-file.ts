/** Saves text as a file, as the browser's own download would. */
export const saveFile = (name: string, content: string, type = 'application/json'): void => {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
};
