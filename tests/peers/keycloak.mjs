// People sign in at Freehold through the login page of a real Keycloak, in Chromium: their roles come
// from groups there, and their sessions end when Keycloak says so. `scripts/conformance.sh` starts
// both and reads what held.
//
//   ORIGIN   of Freehold        ISSUER   the address of Keycloak, whose administrator is `operator`
//   SECRET   of the client, the administrator and everybody        LOG   what Freehold writes
import { readFileSync } from 'node:fs';
import { apiToken, expect, launch, signInAtKeycloak } from './browsing.mjs';

const { ORIGIN: origin, ISSUER: issuer, SECRET: secret, LOG: log } = process.env;

const pause = (ms) => new Promise((over) => setTimeout(over, ms));
/// What holds within a time in which nobody would notice.
const soon = async (holds) => {
  for (const until = Date.now() + 15_000; Date.now() < until; await pause(100)) if (await holds()) return true;
  return false;
};

// --- Keycloak, as its administrator ---
const bearer = async () => {
  const body = new URLSearchParams({ client_id: 'admin-cli', grant_type: 'password', username: 'operator', password: secret });
  const answer = await fetch(`${issuer}/realms/master/protocol/openid-connect/token`, { method: 'POST', body });
  return (await answer.json()).access_token;
};
const admin = async (method, path, body) => {
  const answer = await fetch(`${issuer}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${await bearer()}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return method === 'GET' ? answer.json() : undefined;
};
const person = (username, ...groups) => ({
  username, groups, enabled: true, firstName: username, lastName: 'Example', email: `${username}@example.org`,
  emailVerified: true, credentials: [{ type: 'password', value: secret }],
});
await admin('POST', '', {
  realm: 'work',
  enabled: true,
  eventsEnabled: true,
  enabledEventTypes: ['REFRESH_TOKEN'],
  groups: ['everybody', 'stores', 'it'].map((name) => ({ name })),
  users: [person('mia', 'everybody'), person('cora', 'everybody', 'stores'), person('ada', 'everybody', 'it'), person('nora')],
  // What config/providers/keycloak.toml tells operators to set.
  clients: [{
    clientId: 'freehold',
    secret,
    redirectUris: [`${origin}/auth/callback`],
    frontchannelLogout: false,
    attributes: {
      'pkce.code.challenge.method': 'S256',
      'post.logout.redirect.uris': `${origin}/sign-in`,
      'backchannel.logout.url': `${origin}/auth/back-channel-logout`,
      'backchannel.logout.session.required': 'true',
    },
    protocolMappers: [{
      name: 'groups',
      protocol: 'openid-connect',
      protocolMapper: 'oidc-group-membership-mapper',
      config: { 'claim.name': 'groups', 'full.path': 'false', 'id.token.claim': 'true' },
    }],
  }],
});
const ids = Object.fromEntries((await admin('GET', '/work/users')).map((user) => [user.username, user.id]));
const sessions = async (name) => (await admin('GET', `/work/users/${ids[name]}/sessions`)).length;
const refreshes = async (name) => (await admin('GET', `/work/events?type=REFRESH_TOKEN&user=${ids[name]}`)).length;
const says = (words) => soon(() => readFileSync(log, 'utf8').includes(words));

// --- Freehold, in a browser of each person's own ---
const browser = await launch();
const signIn = async (name, wanted = '/') => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB' });
  const page = await context.newPage();
  await signInAtKeycloak(page, origin, { provider: /Work account/, wanted, name, password: secret });
  return page;
};
const isIn = async (page) => {
  await page.goto(`${origin}/sessions`);
  return new URL(page.url()).pathname === '/sessions';
};
const token = (page) => apiToken(page, origin);
const api = async (bearer, method, path, body) => (await fetch(`${origin}/api/v1${path}`, {
  method,
  headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
  body: body && JSON.stringify(body),
})).status;

const wanted = '/items?q=a%2Fb';
const mia = await signIn('mia', wanted);
expect(mia.url() === `${origin}${wanted}`, "who signs in through Keycloak's page sees the page they asked for", mia.url());
const cookies = await mia.context().cookies(origin);
expect(cookies.length === 1 && cookies[0].name === '__Host-s' && cookies[0].secure && cookies[0].httpOnly && cookies[0].sameSite === 'Lax',
  'their browser holds one cookie of ours, for this host over TLS only', cookies);
const cora = await signIn('cora');
const ada = await signIn('ada');
const nora = await signIn('nora');
expect((await nora.locator('body').innerText()).includes('no role here'), 'a person in no group has no role and is told so', nora.url());

const [ofMia, ofCora, ofAda] = [await token(mia), await token(cora), await token(ada)];
const place = (name) => ({ name });
const may = async (bearer, name) => [await api(bearer, 'GET', '/items'), await api(bearer, 'POST', '/places', place(name))].join();
expect(await may(ofMia, 'one') === '200,403', 'who is in the group of members reads the inventory and changes nothing', await may(ofMia, 'one'));
expect(await may(ofCora, 'two') === '200,201', 'who is in the group of custodians changes it', await may(ofCora, 'three'));
expect(await may(ofAda, 'four') === '200,201', 'so does who is in the group of administrators', await may(ofAda, 'five'));
await mia.goto(`${origin}/connect`);
const end = await mia.locator('form[action$="/end"]').first().getAttribute('action');
const ends = async (page) =>
  (await page.context().request.post(origin + end, { headers: { origin }, maxRedirects: 0 })).status();
expect(await ends(cora) === 404 && await may(ofMia, 'six') === '200,403', "a custodian cannot end another person's token");
expect(await ends(ada) === 303 && await may(ofMia, 'six') === '401,401', 'an administrator can, and it is refused from then on');

// OpenID Connect RP-Initiated Logout 1.0
const kept = await mia.context().cookies(origin);
await mia.getByRole('button', { name: 'Sign out' }).click();
await mia.getByRole('link', { name: /Sign out at Work account/ }).click();
expect(mia.url().startsWith(issuer), "after the sign-out a link leads to Keycloak's own", mia.url());
await Promise.all([mia.waitForURL((url) => url.origin === origin), mia.locator('#kc-logout').click()]);
expect(new URL(mia.url()).pathname === '/sign-in' && /signed out/i.test(await mia.locator('main').innerText()),
  'which comes back, and says that both have ended', mia.url());
expect(await sessions('mia') === 0, 'Keycloak has no session of theirs');
await mia.context().addCookies(kept);
expect(!await isIn(mia), 'a cookie kept from before opens nothing');
await mia.goto(`${origin}/auth/login`);
expect(await mia.locator('#password').count() === 1, 'and signing in again asks for the password', mia.url());

// OpenID Connect Back-Channel Logout 1.0
expect(await isIn(cora), 'a person is signed in');
await admin('POST', `/work/users/${ids.cora}/logout`);
expect(await says('a provider has ended sessions ended=1'), 'ended by the administrator of Keycloak, it sends a logout token');
expect(!await isIn(cora), 'and the next request of that browser is not signed in');

// OpenID Connect Core 1.0 §12
const due = async () => { await pause(3100); };
expect(await isIn(ada), 'another person still is');
const asks = async () => {
  const before = await refreshes('ada');
  await due();
  return await isIn(ada) && await refreshes('ada') - before;
};
expect(await asks() === 1, 'some time later Keycloak is asked, with the refresh token, whether they may be');
expect(await asks() === 1, 'and again with the next token');
await admin('PUT', `/work/users/${ids.ada}`, { enabled: false });
await due();
expect(!await isIn(ada), 'a person who is turned off at Keycloak, which sends nothing then, is not signed in any more');
expect(await says('invalid_grant'), 'because Keycloak refuses the refresh');
const removed = await signIn('mia');
await admin('DELETE', `/work/users/${ids.mia}`);
await due();
expect(!await isIn(removed), 'the same for a person who is removed there');
await browser.close();
