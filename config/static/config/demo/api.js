/**
 * One request and what came back.
 *
 * @typedef {Object} Exchange
 * @property {string} who whose request it was
 * @property {string} method
 * @property {string} path as it was given
 * @property {number} status 0 when there was no answer
 * @property {boolean} ok
 * @property {Object} body the JSON of the answer; empty when there is none
 * @property {string} requestId the name under which the audit log has it
 * @property {string} etag
 * @property {number} retryAfter seconds
 */

/** Sends requests to the API and tells whoever listens. It keeps no token: that is its caller's. */
export class Api {
  #root;
  #listeners = [];

  constructor(root) {
    this.#root = root;
  }

  /** Calls `listener` with each exchange. */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /**
   * @param {string} method
   * @param {string} path below the API's root, or below the site's with a slash in front
   * @param {{who?: string, body?: Object, text?: string, token?: string, headers?: Object, apart?: boolean}} options
   *   `text` is a body sent as it is; `apart` neither sends nor takes cookies
   * @returns {Promise<Exchange>} never rejects
   */
  async send(method, path, { who = "you", body, text, token, headers = {}, apart = false } = {}) {
    const content = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const all = { Accept: "application/json", ...headers };
    if (content !== undefined) all["Content-Type"] = "application/json";
    if (token) all.Authorization = `Bearer ${token}`;
    let exchange;
    try {
      const credentials = apart ? "omit" : "same-origin";
      const options = { method, headers: all, body: content, credentials, cache: "no-store" };
      exchange = await read(await fetch(path.startsWith("/") ? path : this.#root + path, options));
    } catch {
      exchange = { status: 0, ok: false, body: {}, requestId: "", etag: "", retryAfter: 0 };
    }
    Object.assign(exchange, { who, method, path });
    for (const listener of this.#listeners) listener(exchange);
    return exchange;
  }
}

async function read(response) {
  const isJson = /json/.test(response.headers.get("Content-Type") ?? "");
  return {
    status: response.status,
    ok: response.ok,
    body: isJson ? await response.json() : {},
    requestId: response.headers.get("X-Request-ID") ?? "",
    etag: response.headers.get("ETag") ?? "",
    retryAfter: Number(response.headers.get("Retry-After") ?? 0),
  };
}
