// A certified OpenID provider on loopback, with one client, that signs in whoever asks: no page
// to fill in, so that a plain HTTP client (with cookies) can follow its redirects.
//
//   OIDC_CLIENT_ID       default freehold
//   OIDC_CLIENT_SECRET   without it, and without the next, the client is a public one
//   OIDC_CLIENT_JWK      a public key whose assertions the client shows in place of a secret
//   OIDC_REDIRECT_URI    one or more, separated by commas
//   OIDC_PORT            default 0: any free port
//
// The first line on standard output is the issuer. Who signs in next: `PUT /person/NAME`, at
// first alice; the subject is the name, the address NAME@example.org. `?roles=A,B` behind it says
// which roles the provider claims for them, at first member. `PUT /person/-` makes the next
// sign-in one that the person refuses. The provider insists on PKCE.
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const {
  OIDC_CLIENT_ID: clientId = 'freehold',
  OIDC_CLIENT_SECRET: secret,
  OIDC_CLIENT_JWK: jwk,
  OIDC_REDIRECT_URI: redirects = 'http://127.0.0.1:8080/',
  OIDC_PORT: port = '0',
} = process.env;

const authentication = () => {
  if (jwk) return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [JSON.parse(jwk)] } };
  return secret ? { client_secret: secret } : { token_endpoint_auth_method: 'none' };
};

let person = 'alice';
let roles = ['member'];

const server = createServer();
await new Promise((listening) => server.listen(Number(port), '127.0.0.1', listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [{
    client_id: clientId,
    ...authentication(),
    redirect_uris: redirects.split(','),
    post_logout_redirect_uris: redirects.split(',').map((to) => new URL('/sign-in', to).href),
    response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token'],
  }],
  findAccount: (_, sub) => ({
    accountId: sub,
    claims: () => ({
      sub,
      name: sub[0].toUpperCase() + sub.slice(1),
      preferred_username: sub,
      email: `${sub}@example.org`,
      email_verified: true,
      roles,
    }),
  }),
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'roles'] },
  // As most providers do: what the scope asked for is in the ID token as well.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ['of this test run only'] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, RefreshToken: 3600, Session: 600 },
});

const interact = async (request, response) => {
  const { prompt, params, session, grantId } = await provider.interactionDetails(request, response);
  if (person === '-') {
    const refusal = { error: 'access_denied', error_description: 'the person said no' };
    return provider.interactionFinished(request, response, refusal);
  }
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: person } });
  }
  const grant = grantId
    ? await provider.Grant.find(grantId)
    : new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (prompt.details.missingOIDCScope) grant.addOIDCScope(prompt.details.missingOIDCScope.join(' '));
  if (prompt.details.missingOIDCClaims) grant.addOIDCClaims(prompt.details.missingOIDCClaims);
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
};

const answer = provider.callback();
server.on('request', (request, response) => {
  const { pathname, searchParams } = new URL(request.url, issuer);
  const [, room, name] = pathname.split('/');
  if (room === 'person' && request.method === 'PUT') {
    person = decodeURIComponent(name);
    if (searchParams.has('roles')) roles = searchParams.get('roles').split(',').filter(Boolean);
    response.writeHead(204).end();
  } else if (room === 'interaction') {
    interact(request, response).catch((error) => response.writeHead(500).end(String(error.stack)));
  } else {
    answer(request, response);
  }
});
console.log(issuer);
process.on('SIGTERM', () => process.exit(0));
