// Debian's Chromium opens the sign-in link it is given, sees the month and the items as a signed-in
// administrator, and keeps a picture of each. No policy violation, no console error, no request
// to anywhere else.
//
//   node browser.mjs LINK        PICTURES: folder for the pictures, default docs/images
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, launch } from './browsing.mjs';

const link = process.argv[2];
const pictures = process.env.PICTURES ?? join(fileURLToPath(new URL('../..', import.meta.url)), 'docs/images');
const { origin } = new URL(link);
mkdirSync(pictures, { recursive: true });

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB' });
const complaints = [];
const strangers = [];
await context.addInitScript(() => {
  document.addEventListener('securitypolicyviolation', (event) =>
    console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`));
});
context.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
context.on('weberror', (error) => complaints.push(String(error.error())));
context.on('request', (request) => {
  if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) strangers.push(request.url());
});
const page = await context.newPage();
const answers = [];
page.on('response', (response) => { if (response.status() >= 400) answers.push(`${response.status()} ${response.url()}`); });

const strict = (answer) => {
  const policy = answer.headers()['content-security-policy'] ?? '';
  return policy.includes("default-src") && !policy.includes('unsafe-');
};
const shows = async (text, sentence) => {
  const body = await page.locator('body').innerText();
  expect(text.test(body), sentence, `${page.url()}\n${body.slice(0, 600)}`);
};

const entered = await page.goto(link, { waitUntil: 'load' });
expect(entered.ok(), 'the link opens', entered.status());
// One press, so that whoever only looks at the link does not use it up.
const press = (on) => on.getByRole('button', { name: 'Sign in' });
expect(await press(page).count() === 1, 'and asks for one press');
await Promise.all([page.waitForURL((url) => url.pathname === '/'), press(page).click()]);
const month = await page.reload({ waitUntil: 'load' });
expect(month.ok() && strict(month), 'the page after it has a strict content security policy', month.headers()['content-security-policy']);
await shows(/\b(January|February|March|April|May|June|July|August|September|October|November|December)\b[^\n]*20\d\d/, 'it is a month');
const days = await page.locator('td, [role="gridcell"], ol.month > li').count();
expect(days >= 28, 'with its days', days);
const cookies = await context.cookies();
expect(cookies.length > 0 && cookies.every((each) => each.httpOnly && each.sameSite !== 'None'),
  'signed in by a cookie that scripts cannot read', cookies);
await page.screenshot({ path: join(pictures, 'month.png') });

const items = page.getByRole('link', { name: /items|inventory/i }).first();
expect(await items.count() > 0, 'a link leads to the items');
await Promise.all([page.waitForLoadState('load'), items.click()]);
await page.waitForLoadState('load');
expect(/item|inventory/i.test(page.url()), 'which opens', page.url());
const rows = await page.locator('tbody tr').count();
expect(rows > 0, 'and lists some, with who has them', rows);
await page.screenshot({ path: join(pictures, 'items.png') });

await Promise.all([page.waitForURL((url) => url.pathname === '/connect'),
  page.getByRole('link', { name: 'Connect' }).click()]);
await page.getByLabel('Where you will use it').fill('Phone');
await Promise.all([page.waitForURL((url) => url.pathname === '/connect/tokens'),
  page.getByRole('button', { name: 'Make a token' }).click()]);
const token = (await page.locator('.secret').innerText()).trim();
expect(/^fh_cal_\w{36}$/.test(token), 'the page Connect makes a token', token.length);
await page.screenshot({ path: join(pictures, 'token.png') });
await Promise.all([page.waitForURL((url) => url.pathname === '/connect'),
  page.getByRole('link', { name: 'I have copied it' }).click()]);
await page.screenshot({ path: join(pictures, 'connect.png'), fullPage: true });
const authorization = `Basic ${Buffer.from(`admin:${token}`).toString('base64')}`;
const sync = async () => (await fetch(`${origin}/dav/calendars/admin/`,
  { method: 'PROPFIND', headers: { authorization, depth: '0' } })).status;
expect(await sync() === 207, 'a calendar client gets in with it');
await Promise.all([page.waitForResponse((answer) => answer.request().method() === 'POST'),
  page.getByRole('button', { name: 'End the token Phone' }).click()]);
await page.waitForLoadState('load');
expect(await sync() === 401, 'and not any more when it is ended there');

const other = await (await browser.newContext()).newPage();
await other.goto(link, { waitUntil: 'load' });
const refused = other.waitForResponse((response) => response.request().method() === 'POST');
await press(other).click();
expect((await refused).status() === 401, 'the link works once', (await refused).status());

expect(complaints.length === 0, 'nothing complains in the console', complaints);
expect(answers.length === 0, 'no request fails', answers);
expect(strangers.length === 0, 'no request goes anywhere else', strangers);
await browser.close();
