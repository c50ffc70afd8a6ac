const CSRF_COOKIE = /(?:^|; )((?:__Host-|__Secure-)?refresh_csrf)=([^;]+)/;

/**
 * The visitor's session. The access token is in a private field of this object and nowhere else: no storage, no page
 * element, no cookie. The refresh token is in a cookie that only the server reads.
 */
export class Session {
  #api;
  #access = "";
  #expiresAt = 0;
  #renewing = null;
  #changed;

  /** @param {() => void} changed called when who is signed in, or until when, has changed */
  constructor(api, changed) {
    this.#api = api;
    this.#changed = changed;
    this.profile = null;
  }

  get signedIn() {
    return this.profile !== null;
  }

  /** Seconds that the access token is still good for. */
  get secondsLeft() {
    return Math.max(0, Math.round((this.#expiresAt - Date.now()) / 1000));
  }

  /** The access token, for the attacks that bend it. */
  get token() {
    return this.#access;
  }

  /** Takes up the session of an earlier visit, if the browser holds one. */
  async resume() {
    if (csrfToken()) await this.renew();
  }

  async logIn(email, password) {
    const answer = await this.#api.send("POST", "auth/login", { body: { email, password, transport: "cookie" } });
    if (answer.ok) await this.#take(answer);
    return answer;
  }

  /** Exchanges the refresh token for new ones; calls that come at once share one exchange. */
  renew() {
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renew() {
    const answer = await this.#api.send("POST", "auth/refresh", { body: {}, headers: guard() });
    if (answer.ok) await this.#take(answer);
    else if (answer.status === 401) this.#drop();
    return answer;
  }

  /**
   * Ends the session. Whatever the server answers, and if it cannot be reached, the page forgets the visitor: without
   * the CSRF token it does not take the session up again.
   */
  async logOut() {
    const answer = await this.#api.send("POST", "auth/logout", { token: this.#access, body: {}, headers: guard() });
    forgetCsrfToken();
    this.#drop();
    return answer;
  }

  /** Sends a request as the visitor; renews the access token first when it has run out. */
  async send(method, path, options = {}) {
    if (this.signedIn && this.secondsLeft < 5) await this.renew();
    const answer = await this.#api.send(method, path, { ...options, token: this.#access });
    if (answer.status === 401 && this.signedIn) this.#drop();
    return answer;
  }

  async #take(answer) {
    this.#access = answer.body.access;
    this.#expiresAt = Date.now() + answer.body.expires_in * 1000;
    if (!this.profile) {
      const me = await this.#api.send("GET", "auth/me", { token: this.#access });
      this.profile = me.ok ? me.body : null;
    }
    this.#changed();
  }

  #drop() {
    this.#access = "";
    this.#expiresAt = 0;
    this.profile = null;
    this.#changed();
  }
}

/** The CSRF token of the session, which a page of another site cannot read. */
function csrfToken() {
  return decodeURIComponent(CSRF_COOKIE.exec(document.cookie)?.[2] ?? "");
}

function forgetCsrfToken() {
  const name = CSRF_COOKIE.exec(document.cookie)?.[1];
  // A browser lets only a Secure cookie replace one with a prefix.
  if (name) document.cookie = `${name}=; Max-Age=0; Path=/; SameSite=Strict${name.startsWith("__") ? "; Secure" : ""}`;
}

function guard() {
  return { "X-CSRF-Token": csrfToken() };
}
