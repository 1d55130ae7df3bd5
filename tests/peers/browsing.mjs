// What the scripts with a browser share.
import { chromium } from 'playwright-core';

/// Debian's Chromium, which asks nobody but those it is sent to.
export const launch = (more = {}) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...more,
});

/// Says whether it held, and ends the process where it did not.
export const expect = (held, sentence, seen) => {
  console.log(`${held ? 'ok      ' : 'FAILED  '}${sentence}`);
  if (held) return;
  if (seen !== undefined) console.log('        saw:', seen);
  process.exit(1);
};

/// Signs in at the page of a Keycloak that Freehold at `origin` calls `provider`, on the way to `wanted`.
export const signInAtKeycloak = async (page, origin, { provider, wanted, name, password }) => {
  await page.goto(`${origin}${wanted}`);
  await page.getByRole('link', { name: provider }).click();
  await page.locator('#username').fill(name);
  await page.locator('#password').fill(password);
  await Promise.all([page.waitForURL((url) => url.origin === origin), page.locator('#kc-login').click()]);
};

/// A new token for the API of whoever is signed in.
export const apiToken = async (page, origin) => {
  await page.goto(`${origin}/connect`);
  await page.getByLabel('Where you will use it').fill('script');
  await page.locator('select[name=scope]').selectOption('api');
  await page.getByRole('button', { name: 'Make a token' }).click();
  return (await page.locator('.secret').innerText()).trim();
};
