// Other sites against Freehold, in Debian's Chromium: forms and requests from elsewhere change
// nothing, nobody frames a page, a provider's frame ends its session, and after the sign-out nothing
// is left in the browser. Freehold's policies pass Google's csp_evaluator.
//
//   node sites.mjs PROGRAM       PROGRAM: a built freehold, which this starts and stops
import { spawn } from 'node:child_process';
import { createSign, generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from './browsing.mjs';

const { CspEvaluator } = createRequire(import.meta.url)('csp_evaluator/dist/evaluator.js');
const { CspParser } = createRequire(import.meta.url)('csp_evaluator/dist/parser.js');

const folder = mkdtempSync(join(tmpdir(), 'freehold-sites-'));
let program;
let browser;
const end = async (code) => {
  await browser?.close();
  program?.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
};
process.on('uncaughtException', (error) => { console.log(String(error)); end(1); });
const expect = (held, sentence, seen) => {
  console.log(`${held ? 'ok      ' : 'FAILED  '}${sentence}`);
  if (held) return;
  if (seen !== undefined) console.log('        saw:', seen);
  throw new Error('it did not hold');
};
const listen = async (answer, host) => {
  const server = createServer(answer);
  await new Promise((listening) => server.listen(0, host, listening));
  return server.address().port;
};
const html = (response, body) => response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html>${body}`);

// --- a provider that signs in whoever comes, and whose page frames what it is told ---
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const codes = new Map();
const sids = [];
let issuer;
issuer = `http://127.0.0.1:${await listen((request, response) => {
  const { pathname, searchParams: asked } = new URL(request.url, issuer);
  const json = (value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  if (pathname === '/.well-known/openid-configuration') {
    json({
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/keys`,
      response_types_supported: ['code'], subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['RS256'],
    });
  } else if (pathname === '/keys') {
    json({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' }] });
  } else if (pathname === '/authorize') {
    const code = randomUUID();
    codes.set(code, asked.get('nonce'));
    const back = `${asked.get('redirect_uri')}?code=${code}&state=${asked.get('state')}`;
    response.writeHead(303, { location: back }).end();
  } else if (pathname === '/token') {
    let body = '';
    request.on('data', (chunk) => { body += chunk; }).on('end', () => {
      const nonce = codes.get(new URLSearchParams(body).get('code'));
      const now = Math.floor(Date.now() / 1000);
      sids.push(randomUUID());
      const signed = `${part({ alg: 'RS256', kid: 'one' })}.${part({
        iss: issuer, aud: 'freehold', sub: 'ann', nonce, iat: now, exp: now + 300, sid: sids.at(-1), roles: ['member'],
      })}`;
      const signature = createSign('RSA-SHA256').update(signed).sign(privateKey, 'base64url');
      json({ access_token: 'x', token_type: 'Bearer', id_token: `${signed}.${signature}` });
    });
  } else {
    html(response, `<iframe src="${asked.get('frames')}"></iframe>`);
  }
}, '127.0.0.1')}`;

// --- Freehold ---
const free = createServer();
await new Promise((listening) => free.listen(0, '127.0.0.1', listening));
const { port } = free.address();
await new Promise((closed) => free.close(closed));
const origin = `http://localhost:${port}`;
program = spawn(process.argv[2], ['serve', '--evaluation', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'data')], {
  cwd: folder,
  stdio: 'ignore',
  env: {
    ...process.env,
    FREEHOLD__SERVER__PUBLIC_URL: origin,
    FREEHOLD__IDENTITY__PROVIDERS: `[{id="work", issuer="${issuer}", client_id="freehold"}]`,
  },
});
const ready = () => fetch(`${origin}/readyz`).then((answer) => answer.ok, () => false);
for (const until = Date.now() + 60_000; !await ready();) {
  if (Date.now() > until) throw new Error('Freehold is not ready');
  await new Promise((over) => setTimeout(over, 100));
}

// --- two other sites: one of another origin on the same site, whose requests bring Lax cookies along,
// and one of another site ---
const answer = (request, response) => {
  const { pathname, searchParams: asked } = new URL(request.url, 'http://x');
  if (pathname === '/form') {
    html(response, `<form method="post" action="${asked.get('to')}" enctype="${asked.get('as')}">
      <input name="label" value="stolen"><input name="scope" value="api"><input name="days" value="0"></form>`);
  } else {
    html(response, asked.has('frames') ? `<iframe src="${asked.get('frames')}"></iframe>` : 'elsewhere');
  }
};
const sites = [
  ['another origin of the same site', `http://localhost:${await listen(answer, 'localhost')}`],
  ['another site', `http://127.0.0.1:${await listen(answer, '127.0.0.1')}`],
];

// As people have it: what was left can come back from memory.
browser = await launch({ ignoreDefaultArgs: ['--disable-back-forward-cache'] });
const signIn = async () => {
  const page = await (await browser.newContext()).newPage();
  await page.goto(`${origin}/auth/login?return_to=/connect`);
  expect(new URL(page.url()).pathname === '/connect', 'somebody signs in', page.url());
  return page;
};
const isIn = async (page) => {
  await page.goto(`${origin}/sessions`);
  return new URL(page.url()).pathname === '/sessions';
};

const ann = await signIn();
const other = await signIn();
await ann.getByLabel('Where you will use it').fill('Phone');
await ann.getByRole('button', { name: 'Make a token' }).click();
const actions = async (path) => {
  await ann.goto(origin + path);
  const all = await ann.locator('main form').evaluateAll((forms) => forms.map((form) => form.getAttribute('action')));
  return [all.sort().join(), await ann.locator('tbody tr').count()].join();
};
const state = async () => [await actions('/connect'), await actions('/sessions')].join(' ');
const before = await state();
const ends = before.match(/\/\w+\/(tokens\/)?[0-9a-f-]+\/end/g);

// Every route of a page that changes something, as the table of the tests has them.
const table = readFileSync(new URL('../it/access/table.rs', import.meta.url), 'utf8');
const routes = [...table.matchAll(/^POST +(\S+)/gm)].map(([, path]) => path).filter((path) => !path.startsWith('/api'));
expect(routes.length >= 7 && ends?.length === 2, 'there are routes to try', [routes, before]);
const addresses = routes.map((route) => {
  if (route.startsWith('/connect/tokens/')) return ends.find((one) => one.startsWith('/connect'));
  if (route.startsWith('/sessions/{')) return ends.find((one) => one.startsWith('/sessions'));
  return route.replace('{secret}', 'fh_lnk_guess');
});

for (const [name, site] of sites) {
  const page = await ann.context().newPage();
  const statuses = new Map();
  page.on('response', (one) => {
    if (one.request().method() === 'POST') statuses.set(one.url(), one.status());
  });
  // 403: not from our page. 401: the browser sent no cookie, so nobody is signed in. 400: what a provider
  // sends has to be signed.
  const refused = (path) => (path.includes('back-channel') ? [400] : site.includes('127.0.0.1') ? [401, 403] : [403])
    .includes(statuses.get(origin + path));
  for (const as of ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data']) {
    for (const path of addresses) {
      statuses.clear();
      await page.goto(`${site}/form?${new URLSearchParams({ to: origin + path, as })}`);
      await Promise.all([page.waitForURL(origin + path), page.locator('form').evaluate((form) => form.submit())]);
      expect(refused(path), `a form of ${name} is refused: ${path.replace(/[0-9a-f-]{32,}/, '…')} as ${as}`, [...statuses]);
    }
  }
  for (const path of addresses) {
    statuses.clear();
    await page.goto(site);
    const seen = await page.evaluate((to) => fetch(to, {
      method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ label: 'stolen', scope: 'api', days: '0' }),
    }).then((got) => got.type, () => 'blocked'), origin + path);
    // Cross-Origin-Resource-Policy keeps even the status from the page.
    expect(seen === 'blocked', `fetch of ${name} learns nothing: ${path.replace(/[0-9a-f-]{32,}/, '…')}`, seen);
  }
  const read = await page.evaluate((to) => fetch(to, { credentials: 'include' }).then(() => 'read', () => 'refused'), `${origin}/connect`);
  expect(read === 'refused', `${name} cannot read a page`, read);
  await page.goto(`${site}/?frames=${encodeURIComponent(`${origin}/connect`)}`);
  const shown = await page.frames()[1].content().catch(() => '');
  expect(!shown.includes('Make a token'), 'nor show it in a frame', shown.slice(0, 200));
  await page.close();
}
expect(await state() === before, 'after all of it everything is as it was', [before, await state()]);

// OpenID Connect Front-Channel Logout 1.0 §2: `other` signed in last.
const frames = (sid) => `${issuer}/?frames=${encodeURIComponent(
  `${origin}/auth/front-channel-logout?iss=${encodeURIComponent(issuer)}&sid=${sid}`)}`;
const provider = await other.context().newPage();
const framed = async (address) => {
  const [seen] = await Promise.all([provider.waitForResponse((one) => one.url().includes('front-channel')), provider.goto(address)]);
  return `${seen.status()} ${provider.frames()[1].url().split('?')[0]}`;
};
const loaded = await framed(frames(sids[1]));
expect(loaded === `200 ${origin}/auth/front-channel-logout`, "a frame of the provider's page loads the logout", loaded);
expect(!await isIn(other) && await isIn(ann), 'which ends that session and no other');
const elsewhere = await framed(frames('guess').replace(issuer, sites[1][1]));
expect(!elsewhere.includes(origin), 'a page of another site cannot frame it', elsewhere);

// After the sign-out.
await ann.goto(`${origin}/`);
await ann.goto(`${origin}/connect`);
expect((await ann.locator('body').innerText()).includes('Phone'), 'a page shows what is private');
await ann.getByRole('button', { name: 'Sign out' }).click();
await ann.waitForURL((url) => url.pathname === '/sign-in');
const left = await ann.evaluate(async () => [document.cookie, localStorage.length, sessionStorage.length,
  (await caches.keys()).length, (await indexedDB.databases()).length,
  (await navigator.serviceWorker.getRegistrations()).length].join());
expect(left === ',0,0,0,0,0', 'after the sign-out scripts find no cookie, no storage, no cache, no worker', left);
expect((await ann.context().cookies(origin)).length === 0, 'and there is no cookie that they do not find', await ann.context().cookies(origin));
for (let step = 0; step < 3; step += 1) {
  await ann.goBack();
  await ann.waitForLoadState('load');
  const body = await ann.locator('body').innerText();
  expect(!body.includes('Phone') && !body.includes('Sign out'), 'going back shows nothing that was private', `${ann.url()} ${body.slice(0, 200)}`);
}

// The policies themselves; 30 is a medium finding, 60 and more may turn out to be none.
for (const [name, path] of [['a page', '/sign-in'], ['an error page', '/nothing'], ['an answer for programs', '/api/v1/openapi.json']]) {
  const policy = (await fetch(origin + path)).headers.get('content-security-policy');
  const findings = new CspEvaluator(new CspParser(policy).csp).evaluate().filter(({ severity }) => severity <= 30);
  expect(findings.length === 0, `csp_evaluator finds nothing in the policy of ${name}`, [policy, findings]);
}
await end(0);
