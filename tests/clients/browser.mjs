// The browser that an app sends its user through: keeps cookies, follows no redirect by itself.
import { webcrypto } from 'node:crypto';
globalThis.crypto ??= webcrypto; // Node 18

export class Browser {
  cookies = new Map();

  async open(url, options = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { accept: 'text/html', ...(cookie && { cookie }), ...options.headers };
    const response = await fetch(url, { ...options, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      if (/expires=thu, 01 jan 1970|max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }

  // Follows redirects until one leads to `until`, or a page comes that is no redirect.
  async follow(url, until) {
    for (let hops = 0; hops < 20; hops += 1) {
      const response = await this.open(url);
      const location = response.headers.get('location') ?? (await refresh(response));
      if (!location) return { url, response };
      url = new URL(location, url).href;
      if (until && url.startsWith(until)) return { url, response };
    }
    throw new Error(`too many redirects: ${url}`);
  }

  // Fills in the form of a page with fields, and sends it.
  async submit(page, fields, find = /<form[^>]*>/) {
    const html = await page.response.text();
    const start = html.search(find);
    const form = html.slice(start, html.indexOf('</form>', start));
    const body = new URLSearchParams();
    for (const input of form.match(/<(input|button)[^>]*>/g) ?? []) {
      const name = input.match(/ name="([^"]*)"/)?.[1];
      if (name) body.set(name, (input.match(/ value="([^"]*)"/)?.[1] ?? '').replaceAll('&amp;', '&').replaceAll('&#x27;', "'"));
    }
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const action = form.match(/ action="([^"]*)"/)?.[1].replaceAll('&amp;', '&');
    const target = new URL(action || page.url, page.url).href;
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(page.url).origin, referer: page.url };
    const response = await this.open(target, { method: 'POST', body, headers });
    const location = response.headers.get('location');
    return { url: location ? new URL(location, target).href : target, response };
  }
}

// Returns where a page sends the browser on by itself.
async function refresh(response) {
  const html = await response.clone().text();
  return html.match(/http-equiv="refresh" content="0; url=([^"]*)"/)?.[1].replaceAll('&amp;', '&').replaceAll('&#x27;', "'");
}

// What the caller of a script wants, and what it gets back: JSON in the first argument, JSON on standard output.
export const wanted = JSON.parse(process.argv[2] ?? '{}');
export function tell(found) {
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
