// Logs a user in with oauth4webapi as an app would, then tries what must be refused.
import { Browser, tell, wanted } from './browser.mjs';
import * as oauth from 'oauth4webapi';

const insecure = { [oauth.allowInsecureRequests]: true };
const issuer = new URL(wanted.issuer);
const client = { client_id: wanted.clientId };
const none = oauth.None();
const found = {};

const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
);
const keyPair = wanted.bound ? await oauth.generateKeyPair('ES256', { extractable: false }) : null;
const DPoP = keyPair ? oauth.DPoP(client, keyPair) : undefined;
const browser = new Browser();

async function authorize(changes = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint);
  const parameters = {
    client_id: client.client_id,
    redirect_uri: wanted.redirectUri,
    response_type: 'code',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce: oauth.generateRandomNonce(),
    ...changes,
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, verifier, state, nonce: parameters.nonce };
}

async function callback(asked) {
  let page = await browser.follow(asked.url, wanted.redirectUri);
  if (!page.url.startsWith(wanted.redirectUri) && page.response.status === 200) {
    found.loginPage = new URL(page.url).pathname;
    page = await browser.submit(page, { identifier: wanted.email, password: wanted.password }, /<form[^>]*method="post"/);
    if (page.response.status >= 400) throw new Error(`the login page answers ${page.response.status}`);
    page = await browser.follow(page.url, wanted.redirectUri);
  }
  return page;
}

// With a nonce of the server's where it asks for one.
async function twice(request) {
  let response = await request();
  if (DPoP) {
    const copy = response.clone();
    if (copy.status === 400 && (await copy.json()).error === 'use_dpop_nonce') {
      found.nonceAsked = true;
      try { await oauth.processRefreshTokenResponse(as, client, response); } catch (error) {
        if (!oauth.isDPoPNonceError(error)) throw error;
      }
      response = await request();
    }
  }
  return response;
}

async function exchange(asked, url, changes = {}) {
  const parameters = oauth.validateAuthResponse(as, client, new URL(url), asked.state);
  return twice(() =>
    oauth.authorizationCodeGrantRequest(
      as, client, none, parameters, changes.redirectUri ?? wanted.redirectUri, changes.verifier ?? asked.verifier,
      { DPoP, ...insecure },
    ));
}

async function refused(request) {
  const response = await request();
  return { status: response.status, error: (await response.json()).error };
}

async function me(access) {
  const call = () => oauth.protectedResourceRequest(
    access, 'GET', new URL('/api/v1/auth/me', issuer), new Headers(), null, { DPoP, ...insecure },
  );
  try {
    return (await call()).status;
  } catch (error) {
    if (DPoP && oauth.isDPoPNonceError(error)) return (await call()).status;
    return error.status ?? String(error);
  }
}

// The whole way.
const asked = await authorize();
const answer = await callback(asked);
const tokens = await oauth.processAuthorizationCodeResponse(as, client, await exchange(asked, answer.url));
found.tokenType = tokens.token_type;
found.nonceReturned = tokens.nonce === asked.nonce;
found.me = await me(tokens.access_token);
const next = await oauth.processRefreshTokenResponse(
  as, client, await twice(() => oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token, { DPoP, ...insecure })),
);
found.refreshed = next.refresh_token !== tokens.refresh_token;
found.meAfterRefresh = await me(next.access_token);

if (DPoP) {
  // A thief has the tokens, and not the key.
  const own = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const steal = (key) => oauth.refreshTokenGrantRequest(as, client, none, next.refresh_token, { ...key, ...insecure });
  found.stolenRefresh = await refused(() => steal({}));
  await steal({ DPoP: own });
  found.stolenRefreshOtherKey = await refused(() => steal({ DPoP: own }));
  found.stolenAccess = (await fetch(new URL('/api/v1/auth/me', issuer), { headers: { authorization: `Bearer ${next.access_token}` } })).status;
}

await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, none, next.refresh_token, insecure));
found.revoked = await refused(() => twice(() => oauth.refreshTokenGrantRequest(as, client, none, next.refresh_token, { DPoP, ...insecure })));
found.meAfterRevoke = await me(next.access_token);

// What must be refused.
let again = await authorize();
let redirect = await callback(again);
found.wrongVerifier = await refused(() => exchange(again, redirect.url, { verifier: oauth.generateRandomCodeVerifier() }));

again = await authorize();
redirect = await callback(again);
found.otherRedirect = await refused(() => exchange(again, redirect.url, { redirectUri: `${wanted.redirectUri}2` }));

again = await authorize();
redirect = await callback(again);
const once = await oauth.processAuthorizationCodeResponse(as, client, await exchange(again, redirect.url));
found.replayed = await refused(() => exchange(again, redirect.url));
found.meAfterReplay = await me(once.access_token);

again = await authorize({ code_challenge_method: 'plain' });
redirect = await callback(again);
try {
  oauth.validateAuthResponse(as, client, new URL(redirect.url), again.state);
} catch (error) {
  found.plain = error.error;
}

again = await authorize({ redirect_uri: 'https://evil.example/callback' });
const page = await browser.open(again.url);
found.alteredRedirect = [page.status, page.headers.get('location')];

// A client that talks to two servers is not mixed up: it refuses an answer that names another issuer.
again = await authorize();
redirect = await callback(again);
const mixed = new URL(redirect.url);
mixed.searchParams.set('iss', 'https://evil.example');
try {
  oauth.validateAuthResponse(as, client, mixed, again.state);
} catch (error) {
  found.mixUp = error.code;
}
tell(found);
