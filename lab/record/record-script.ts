/** The name of the function through which the page reports. */
export const REPORT_FUNCTION = 'sessionKeeperLabRecord';

/** Runs in each document: reports filled fields, clicks and Enter, and no value of a password. */
export const RECORD_SCRIPT = `(() => {
  const report = (action) => globalThis.${REPORT_FUNCTION}?.(JSON.stringify(action));
  const textOf = (element) => (element?.innerText ?? element?.value ?? '').trim().slice(0, 80);
  const describe = (element) => {
    const tag = element.tagName.toLowerCase();
    const isButton = tag === 'button' || element.getAttribute('role') === 'button' || ['submit', 'button'].includes(element.type);
    return {
      role: tag === 'a' ? 'link' : isButton ? 'button' : 'textbox',
      text: element.getAttribute('aria-label') ?? textOf(element),
      label: element.getAttribute('aria-label') ?? textOf(element.labels?.[0]).split('\\n')[0],
      placeholder: element.getAttribute('placeholder') ?? undefined,
      name: element.getAttribute('name') ?? undefined,
      inputType: element.getAttribute('type') ?? undefined,
    };
  };
  const field = (event) => {
    const [element] = event.composedPath();
    return element instanceof HTMLInputElement && !['button', 'submit', 'checkbox', 'radio'].includes(element.type) ? element : undefined;
  };
  const isSecret = (element) => element.type === 'password';
  const filled = (element) => report(isSecret(element)
    ? { type: 'secret', element: { ...describe(element), text: undefined } }
    : { type: 'fill', element: { ...describe(element), text: undefined }, value: element.value });
  addEventListener('change', (event) => { const element = field(event); if (element) filled(element); }, true);
  addEventListener('keydown', (event) => {
    const element = field(event);
    if (event.key !== 'Enter' || !element) return;
    filled(element);
    report({ type: 'enter', element: { ...describe(element), text: undefined } });
  }, true);
  addEventListener('click', (event) => {
    // Enter in a form clicks its button, too.
    if (event.detail === 0) return;
    const element = event.composedPath().find((each) => each instanceof Element && each.matches('button, a, [role="button"], input[type="submit"]'));
    if (element) report({ type: 'click', element: describe(element) });
  }, true);
})()`;
