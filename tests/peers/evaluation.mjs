// One person of infra/docker/evaluation/realm.json signs in at Keycloak's page in Chromium, at the
// addresses of infra/docker/compose.yaml. `scripts/test-evaluation.sh` starts both.
//
//   node evaluation.mjs NAME AUDIT PLACES
//
//   AUDIT, PLACES   the status of their GET of /audit, and of their POST of a place through the API
import { apiToken, expect, launch, signInAtKeycloak } from './browsing.mjs';

const [name, audit, places] = process.argv.slice(2);
const origin = 'http://localhost:8080';
const browser = await launch();
const page = await browser.newPage({ locale: 'en-GB' });
await signInAtKeycloak(page, origin, { provider: /Keycloak/, wanted: '/items', name, password: 'evaluation' });
expect(page.url() === `${origin}/items`, 'they come back to the page they asked for', page.url());
const rows = await page.locator('main tbody tr').count();
expect(rows > 5, 'the items of the sample are there', rows);
const answer = await page.goto(`${origin}/audit`);
expect(String(answer.status()) === audit, `the audit trail answers ${audit}`, answer.status());

const token = await apiToken(page, origin);
const made = await fetch(`${origin}/api/v1/places`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ name: `Shelf of ${name}` }),
});
expect(String(made.status) === places, `a new place is answered with ${places}`, made.status);

await page.goto(origin);
await page.getByRole('button', { name: 'Sign out' }).click();
await page.getByRole('link', { name: /Sign out at Keycloak/ }).click();
await Promise.all([page.waitForURL((url) => url.origin === origin), page.locator('#kc-logout').click()]);
expect(new URL(page.url()).pathname === '/sign-in', 'after the sign-out they are back here', page.url());
await page.goto(`${origin}/items`);
expect(new URL(page.url()).pathname === '/sign-in', 'and signed out', page.url());
await browser.close();
