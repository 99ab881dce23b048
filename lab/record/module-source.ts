import { object, string, union, type Infer } from '../../src/protocol/schema/schema.ts';
import { optional } from '../../src/protocol/schema/schema-types.ts';

/** How a person would name a field or button, and how its markup does. */
const ELEMENT = object({
  role: string,
  /** The text of a button or link. */
  text: optional(string),
  label: optional(string),
  placeholder: optional(string),
  name: optional(string),
  inputType: optional(string),
});
type RecordedElement = Infer<typeof ELEMENT>;

/** What a person did on a page. The value of a password is not recorded. */
export const RECORDED_ACTION = union('type', {
  fill: { element: ELEMENT, value: string },
  secret: { element: ELEMENT },
  click: { element: ELEMENT },
  enter: { element: ELEMENT },
});
export type RecordedAction = Infer<typeof RECORDED_ACTION>;

const quote = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll(/\s+/g, ' ')}'`;

/** The most readable locator that the element allows (https://playwright.dev/docs/locators). */
const locatorOf = ({ role, text, label, placeholder, name, inputType }: RecordedElement): string => {
  if (role !== 'textbox' && text !== undefined && text !== '')
    return `page.getByRole(${quote(role)}, { name: ${quote(text)} }).first()`;
  if (label !== undefined && label !== '') return `page.getByLabel(${quote(label)}, { exact: true }).first()`;
  if (placeholder !== undefined && placeholder !== '') return `page.getByPlaceholder(${quote(placeholder)}).first()`;
  if (name !== undefined && name !== '') return `page.locator(${quote(`[name="${name}"]`)}).first()`;
  return `page.locator(${quote(`input[type="${inputType ?? 'text'}"]`)}).first()`;
};

const SECRET = 'process.env.SESSION_KEEPER_PASSWORD';

const lineOf = (action: RecordedAction): string => {
  const locator = locatorOf(action.element);
  switch (action.type) {
    case 'fill':
      return `await ${locator}.fill(${quote(action.value)});`;
    case 'secret':
      return `await ${locator}.fill(${SECRET} ?? '');`;
    case 'click':
      return `await ${locator}.click();`;
    case 'enter':
      return `await ${locator}.press('Enter');`;
  }
};

/** Browsers send a change for each pause of the typing: only the last value of a field counts. */
const withoutRepeats = (actions: readonly RecordedAction[]): RecordedAction[] =>
  actions.filter((action, index) => {
    const next = actions[index + 1];
    const isField = action.type === 'fill' || action.type === 'secret';
    return !(isField && next?.type === action.type && locatorOf(next.element) === locatorOf(action.element));
  });

/** A sign-in module of JavaScript. `proof`: a path that seems to say who is signed in. */
export const moduleSource = (actions: readonly RecordedAction[], proof: string | undefined): string => {
  const lines = withoutRepeats(actions).map((action) => `  ${lineOf(action)}`);
  const hidden = `  await page.locator('input[type="password"]').first().waitFor({ state: 'hidden' });`;
  const known = proof === undefined ? "// export const proof = '/api/me';" : `export const proof = ${quote(proof)};`;
  return [
    '/** Recorded by session-keeper lab --record. */',
    'export const signIn = async (page) => {',
    ...lines,
    hidden,
    '};',
    '',
    known,
    '',
  ].join('\n');
};
