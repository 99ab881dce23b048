/** `@mermaid-js/tiny` is a script that sets this, and has no declarations. The part that the site uses. */
declare const mermaid: {
  initialize(options: { startOnLoad: boolean; theme: 'dark' | 'neutral' }): void;
  render(id: string, text: string): Promise<{ svg: string }>;
};
