// Logs in at the API with a key made by npm's `dpop`, and tries what a thief of the tokens would.
import './browser.mjs';
import { tell, wanted } from './browser.mjs';
import { calculateThumbprint, generateKeyPair, generateProof } from 'dpop';

const found = {};
let nonce;

async function send(keyPair, method, path, { body, access, proof } = {}) {
  const url = new URL(`/api/v1/auth/${path}`, wanted.issuer).href;
  const attempt = async () => {
    const headers = { 'content-type': 'application/json' };
    if (access) headers.authorization = `DPoP ${access}`;
    if (keyPair) headers.dpop = proof ?? (await generateProof(keyPair, url, method, nonce, access));
    found.lastProof = headers.dpop;
    const response = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
    nonce = response.headers.get('dpop-nonce') ?? nonce;
    return { status: response.status, body: await response.json() };
  };
  const answer = await attempt();
  if (answer.body.code !== 'use_dpop_nonce' || proof) return answer;
  found.nonceAsked = (found.nonceAsked ?? 0) + 1;
  return attempt();
}

// npm's `dpop` makes RSA keys of 2048 bits, which are refused; it signs with any.
const RSA = { PS256: 'RSA-PSS', RS256: 'RSASSA-PKCS1-v1_5' };

function newKeys(alg) {
  if (!RSA[alg]) return generateKeyPair(alg);
  const kind = { name: RSA[alg], hash: 'SHA-256', modulusLength: 3072, publicExponent: new Uint8Array([1, 0, 1]) };
  return crypto.subtle.generateKey(kind, false, ['sign', 'verify']);
}

for (const alg of wanted.algorithms) {
  nonce = undefined;
  const owner = await newKeys(alg);
  const thief = await newKeys(alg);
  const credentials = { email: wanted.email, password: wanted.password, transport: 'body' };
  const login = await send(owner, 'POST', 'login', { body: credentials });
  const tokens = login.body;
  const told = { login: login.status, type: tokens.token_type };
  told.me = (await send(owner, 'GET', 'me', { access: tokens.access })).status;
  const claims = JSON.parse(Buffer.from(tokens.access.split('.')[1], 'base64url'));
  told.bound = claims.cnf.jkt === (await calculateThumbprint(owner.publicKey));
  const used = found.lastProof;
  told.replayed = (await send(owner, 'GET', 'me', { access: tokens.access, proof: used })).status;
  told.stolenAccess = (await send(thief, 'GET', 'me', { access: tokens.access })).status;
  told.stolenRefresh = (await send(thief, 'POST', 'refresh', { body: { refresh: tokens.refresh } })).body.code;
  told.stolenRefreshNoKey = (await send(null, 'POST', 'refresh', { body: { refresh: tokens.refresh } })).body.code;
  told.refreshed = (await send(owner, 'POST', 'refresh', { body: { refresh: tokens.refresh } })).status;
  if (RSA[alg]) told.short = (await send(await generateKeyPair(alg), 'POST', 'login', { body: credentials })).body.code;
  found[alg] = told;
}
delete found.lastProof;
tell(found);
