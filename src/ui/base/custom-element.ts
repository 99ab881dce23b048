/** As Lit's decorator. A second copy of the elements on a page leaves those of the first one in place, and does not throw. */
export const customElement =
  (name: string) =>
  (type: CustomElementConstructor): void => {
    if (!customElements.get(name)) customElements.define(name, type);
  };
