import { expect, FAILED_REQUEST, FAILED_SOCKET, test } from '../../support/e2e.ts';
import { fillIn } from '../../support/page/sign-in.ts';

/** A page of another site, with its own look and three of our elements. */
const SITE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Acme</title>
    <style>
      session-gate:not(:defined) { display: none; }
      :root { --keeper-accent: rgb(170, 0, 90); --keeper-radius: 0px; --keeper-font: Georgia, serif; }
      session-sign-in::part(card) { border: 3px solid rgb(0, 0, 0); }
      session-gate::part(dialog) { box-shadow: none; }
    </style>
    <script type="module">
      import { connect } from '/keeper.js'
      import { provideKeeper } from '/keeper-elements.js'
      provideKeeper(await connect({ worker: '/sw.js' }), document)
    </script>
  </head>
  <body>
    <session-status></session-status>
    <session-gate>
      <p slot="restoring">One moment.</p>
      <main slot="signed-in"><h1>Members’ area</h1></main>
      <session-sign-in slot="signed-out"><h1 slot="heading">Welcome to Acme</h1></session-sign-in>
    </session-gate>
  </body>
</html>`;

test('three elements work on another site’s page, in its colours, and define no other element', async ({
  page,
  app,
  lab,
  complaints,
}) => {
  complaints.expect(FAILED_REQUEST, FAILED_SOCKET);
  // with the cookie of our server, which the sealed worker needs
  await page.route(`${app.origin}/acme.html`, async (route) => {
    const { 'set-cookie': cookie = '' } = (await route.fetch({ url: `${app.origin}/` })).headers();
    await route.fulfill({ headers: { 'content-type': 'text/html', 'set-cookie': cookie }, body: SITE });
  });
  await page.goto(`${app.origin}/acme.html`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Welcome to Acme');
  await expect(page.getByRole('heading', { name: 'Members’ area' })).toBeHidden();
  const submit = page.getByRole('button', { name: 'Sign in', exact: true });
  await expect(submit).toHaveCSS('background-color', 'rgb(170, 0, 90)');
  await expect(submit).toHaveCSS('font-family', 'Georgia, serif');
  const card = page.locator('session-sign-in').locator('[part=card]');
  await expect(card).toHaveCSS('border-top-width', '3px');
  await expect(card).toHaveCSS('border-top-left-radius', '0px');
  const defined = await page.evaluate(() =>
    ['session-gate', 'session-status', 'session-sign-in', 'session-nav', 'session-messages', 'session-timeline'].filter(
      (name) => customElements.get(name) !== undefined,
    ),
  );
  expect(defined).toEqual(['session-gate', 'session-status', 'session-sign-in']);

  const late = await page.evaluate(async () => {
    const host = document.createElement('div');
    host.attachShadow({ mode: 'open' }).innerHTML = '<session-status id="late"></session-status>';
    document.body.append(host);
    // A second copy of the module, as a widget of another team brings it.
    const copy = '/keeper-elements.js?copy';
    await import(copy);
    const status = host.shadowRoot?.querySelector('session-status');
    const hasKeeper = status !== null && status !== undefined && 'keeper' in status && status.keeper !== undefined;
    host.remove();
    return hasKeeper;
  });
  expect(late).toBe(true);

  await fillIn(page, 'password');
  await expect(page.getByRole('heading', { name: 'Members’ area' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Session: Connected' })).toBeVisible();

  await lab.revokeSessions();
  await lab.expireTokens();
  await page.evaluate(() => fetch('/api/v1/llm/models'));
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await expect(dialog).toBeVisible();
  await expect(dialog).toHaveCSS('box-shadow', 'none');
  await page.getByText('Why was I signed out?').click();
  await expect(page.locator('session-why ol').getByRole('listitem').last()).toContainText('The session is signed out.');
  await fillIn(page, 'password');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('heading', { name: 'Members’ area' })).toBeVisible();
});
