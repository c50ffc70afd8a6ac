// A real OpenID Connect provider, and a browser that signs in with it.
import { Browser, tell, wanted } from './browser.mjs';
import { once } from 'node:events';
import Provider from 'oidc-provider';

console.warn = console.info = () => {}; // the provider tells that its login pages are for development
const issuer = `http://127.0.0.1:${wanted.port}`;
const provider = new Provider(issuer, {
  clients: [{
    client_id: 'bulwark',
    client_secret: wanted.secret,
    redirect_uris: wanted.providers.map((id) => `${wanted.site}/account/social/oidc/${id}/callback`),
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['one', 'two'] },
  jwks: { keys: [await key()] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...wanted.people[id] }) }),
});
const server = provider.listen(wanted.port, '127.0.0.1');
await once(server, 'listening');

async function key() {
  const pair = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['sign', 'verify'],
  );
  return { ...(await crypto.subtle.exportKey('jwk', pair.privateKey)), use: 'sig', kid: 'k', alg: 'RS256' };
}

const path = (url) => url.replace(wanted.site, '').replace(issuer, 'PROVIDER');

// Presses the provider's button on a page of the site and goes on until the provider has answered.
async function away(browser, from, id) {
  const page = await browser.follow(from);
  return browser.submit(page, {}, new RegExp(`<form[^>]*social/${id}/begin[^>]*>`));
}

async function throughProvider(browser, page, person, id, nonce) {
  const callback = `${wanted.site}/account/social/oidc/${id}/callback`;
  let target = page.response.status === 200 ? await pageTarget(page) : page.url;
  if (nonce) target = target.replace(/nonce=[^&]*/, `nonce=${nonce}`);
  let at = await browser.follow(target, callback);
  for (let forms = 0; !at.url.startsWith(callback) && forms < 4; forms += 1) {
    const sent = await browser.submit(at, { login: person, password: 'x' });
    at = await browser.follow(sent.url, callback);
  }
  return at.url;
}

async function pageTarget(page) {
  const html = await page.response.text();
  return html.match(/http-equiv="refresh" content="0; url=([^"]*)"/)[1].replaceAll('&amp;', '&');
}

async function logIn(browser, { email, password }) {
  const page = await browser.follow(`${wanted.site}/account/login`);
  await browser.submit(page, { identifier: email, password }, /<form method="post"[^>]* novalidate>/);
}

async function whoAmI(browser) {
  return (await browser.open(`${wanted.site}/account/social/`)).status === 200;
}

const found = [];
for (const step of wanted.steps) {
  const browser = new Browser();
  const told = {};
  if (step.logIn) await logIn(browser, step.logIn);
  const from = `${wanted.site}${step.from ?? '/account/login?next=/account/social/'}`;
  const id = step.provider ?? 'corp';
  const page = await away(browser, from, id);
  told.begin = page.response.status;
  if (page.response.status === 200) {
    const callback = await throughProvider(browser, page, step.person, id, step.nonce);
    const other = step.otherBrowser ? new Browser() : browser;
    const response = await other.open(callback);
    told.answer = path(response.headers.get('location') ?? String(response.status));
    told.in = await whoAmI(other);
    if (step.end) {
      const own = await other.follow(`${wanted.site}/account/social/`);
      told.end = path((await other.submit(own, {}, new RegExp(`<form[^>]*social/${step.end}/end[^>]*>`))).url);
    }
    if (step.replay) told.replay = path((await other.open(callback)).headers.get('location') ?? '');
  } else {
    told.answer = path(page.response.headers.get('location') ?? '');
  }
  found.push(told);
}
server.closeAllConnections();
server.close();
tell({ found });
