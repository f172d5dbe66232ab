// Opens pages and watches them. A story says what it does; what no page may ever do is found here.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const tools = createRequire(join(process.env.USHER_BROWSER_TOOLS, 'package.json'));
const { chromium } = tools('playwright-core');
export const axe = tools('axe-core');

/** Where things are: what the test that started this story says. */
export const world = {
  console: process.env.USHER_CONSOLE,
  link: process.env.USHER_FIRST_LINK,
  scim: process.env.USHER_SCIM_URL,
  key: process.env.USHER_SCIM_KEY,
  ldap: process.env.USHER_LDAP_URL,
  files: process.env.USHER_FOLDER,
};
const pictures = join(process.env.USHER_BROWSER_TOOLS, 'pictures');
export const PASSWORD = 'seven green boats sail';

/** How long anything may take before it counts as missing. The machine may be busy. */
const PATIENCE = 30_000;

/** Runs a story: a browser, its pages, and the end that fails when any page did what no page may. */
export async function story(name, walk) {
  const args = [
    '--disable-dev-shm-usage',
    // Whatever the browser itself may want from elsewhere, it gets nothing.
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  ];
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  const browser = await chromium.launch({ executablePath: process.env.USHER_CHROMIUM, args });
  const told = new Story(name, browser);
  let failure;
  try {
    await walk(told);
  } catch (error) {
    failure = error;
  }
  const faults = told.faults();
  if (failure || faults.length > 0) {
    await told.show(failure, faults);
    process.exitCode = 1;
  }
  await browser.close();
}

class Story {
  #name;
  #browser;
  #pages = [];
  #faults = [];
  #refused = [];
  #expected = [];

  constructor(name, browser) {
    this.#name = name;
    this.#browser = browser;
  }

  /** A page in a browser of its own: no cookie of another. */
  async open({ script = true, scheme = 'light', width = 1280, height = 900 } = {}) {
    const context = await this.#browser.newContext({
      javaScriptEnabled: script,
      colorScheme: scheme,
      viewport: { width, height },
      reducedMotion: 'reduce',
      acceptDownloads: true,
    });
    context.setDefaultTimeout(PATIENCE);
    this.#watch(context);
    const page = await context.newPage();
    this.#pages.push(page);
    return page;
  }

  #watch(context) {
    const fault = text => this.#faults.push(text);
    const own = new URL(world.console).host;
    context.on('request', request => {
      const url = new URL(request.url());
      if (url.host !== own && url.protocol !== 'data:' && url.protocol !== 'about:') fault(`a request to another host: ${url}`);
    });
    context.on('response', response => {
      if (response.status() >= 500) fault(`${response.status()} for ${response.request().method()} ${response.url()}`);
    });
    context.on('console', message => {
      if (message.type() !== 'error') return;
      const refused = /responded with a status of (4\d\d)/.exec(message.text());
      if (refused) this.#refused.push({ status: Number(refused[1]), url: message.location().url });
      else fault(`the browser's console on ${message.page()?.url()}: ${message.text()}`);
    });
    context.on('weberror', error => fault(`a script: ${error.error()}`));
    context.on('dialog', dialog => { fault(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
  }

  /** Does something that the service is to refuse. */
  async refused(page, status, act) {
    this.#expected.push(status);
    const [response] = await Promise.all([
      page.waitForResponse(one => one.request().isNavigationRequest() && one.request().method() !== 'GET' || one.status() === status),
      act(),
    ]);
    if (response.status() !== status) throw new Error(`expected the answer ${status}, found ${response.status()} at ${response.url()}`);
    await page.waitForLoadState();
  }

  /** What no page may do and some page did. */
  faults() {
    const expected = [...this.#expected];
    const faults = [...this.#faults];
    for (const { status, url } of this.#refused) {
      const at = expected.indexOf(status);
      if (at >= 0) expected.splice(at, 1);
      else faults.push(`${status} for ${url}, which the story does not expect`);
    }
    return faults;
  }

  /** Keeps a picture of the whole page. */
  async picture(page, name) {
    const folder = join(pictures, this.#name);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path, fullPage: true });
    return path;
  }

  /** Tells what went wrong, and what was to be seen. */
  async show(failure, faults) {
    if (failure) console.error(failure.stack ?? failure);
    for (const fault of faults) console.error(`not allowed on any page: ${fault}`);
    for (const [at, page] of this.#pages.entries()) {
      if (page.isClosed()) continue;
      console.error(`\n== page ${at + 1}: ${page.url()}: ${await page.title()}`);
      const text = await page.locator('body').innerText({ timeout: 5_000 }).catch(error => String(error));
      console.error(text.slice(0, 6_000));
      console.error(`picture: ${await this.picture(page, `failed-${at + 1}`).catch(error => String(error))}`);
    }
  }
}

/** Makes the first operator, with the link that was printed when the service began. */
export async function firstOperator(page, hand) {
  await page.goto(world.link);
  const link = page.getByLabel('Link', { exact: false }).first();
  if (await link.isVisible() && (await link.inputValue()) === '') {
    // Without scripts what stands behind # reaches no form: it is pasted.
    await hand.fill(link, world.link);
  }
  await hand.fill(page.locator('#f-name'), 'root');
  await hand.fill(page.locator('#f-password'), PASSWORD);
  await hand.fill(page.locator('#f-again'), PASSWORD);
  await hand.press(page.getByRole('button', { name: 'Make the first operator' }));
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** Signs in, at the page that is asked for or at the first. */
export async function signIn(page, name = 'root', password = PASSWORD, path = '/sign-in') {
  if (path) await page.goto(world.console + path);
  await page.locator('#f-name').fill(name);
  await page.locator('#f-password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Waits until something holds that is no page's. */
export async function until(what, holds) {
  const end = Date.now() + 2 * PATIENCE;
  let found;
  do {
    found = await holds();
    if (found) return found;
    await new Promise(resolve => setTimeout(resolve, 100));
  } while (Date.now() < end);
  throw new Error(`never: ${what}`);
}

/** What the target holds: users or groups. */
export async function target(kind) {
  const response = await fetch(`${world.scim}/${kind}?count=200`, { headers: { authorization: `Bearer ${world.key}` } });
  if (!response.ok) throw new Error(`the sandbox answers ${response.status}`);
  return (await response.json()).Resources ?? [];
}

/** Changes the directory. */
export function modify(ldif) {
  const words = ['-x', '-H', world.ldap, '-D', process.env.USHER_LDAP_ADMIN, '-w', process.env.USHER_LDAP_PASSWORD];
  execFileSync('ldapmodify', words, { input: ldif, stdio: ['pipe', 'ignore', 'inherit'] });
}

export function expect(holds, what) {
  if (!holds) throw new Error(`expected: ${what}`);
}
