// Every page of a part of the console: its picture in light and dark, no violation of WCAG 2.2 A and AA, no more than
// 150 kB with all it loads, no scrolling sideways on a small screen or a phone, and no link that leads nowhere.
import { Mouse } from './hands.mjs';
import { axe, expect, firstOperator, story, world } from './lib.mjs';
import { MISSING, PAGES } from './pages.mjs';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa'];
const MOST = 150_000;
const part = process.env.USHER_STORY_PART;
const sizes = new Map();

await story(`pages-${part}`, async told => {
  const wrong = [];
  const places = new Map();
  const light = await told.open();
  await firstOperator(light, new Mouse(light));
  if (part === 'frame') await menuIsWhole(light, wrong);
  const dark = await told.open({ scheme: 'dark' });
  await dark.context().addCookies(await light.context().cookies());
  const nobody = await told.open();
  const nobodyInTheDark = await told.open({ scheme: 'dark' });
  const links = new Set();
  for (const entry of PAGES[part]) {
    const address = entry.at ?? await found(light, entry, places);
    places.set(entry.name, address);
    for (const [scheme, page] of entry.open ? [['light', nobody], ['dark', nobodyInTheDark]] : [['light', light], ['dark', dark]]) {
      await look(told, page, entry, address, scheme, wrong);
      if (scheme === 'light' && !entry.status) (await linksOf(page)).forEach(link => links.add(link));
    }
  }
  await leadSomewhere(light, links, wrong);
  if (wrong.length > 0) throw new Error(`${wrong.length} things are wrong:\n${wrong.join('\n')}`);
});

/** One page in one scheme. */
async function look(told, page, entry, address, scheme, wrong) {
  const say = words => wrong.push(`${entry.name} (${address}, ${scheme}): ${words}`);
  await page.setViewportSize({ width: 1280, height: 900 });
  const status = entry.status ?? 200;
  const open = () => page.goto(world.console + address);
  if (status >= 400) await told.refused(page, status, open);
  else {
    const response = await open();
    if (response.status() !== status) return say(`it answers ${response.status()}`);
  }
  await told.picture(page, `${entry.name}-${scheme}`);
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(tags => window.axe.run(document, { runOnly: { type: 'tag', values: tags } }), RULES);
  for (const one of violations) {
    for (const node of one.nodes.slice(0, 3)) say(`${one.id}: ${one.help}: ${node.target.join(' ')}: ${node.html.slice(0, 160)}`);
  }
  if (scheme !== 'light') return;
  const size = await weight(page);
  if (size > MOST) say(`it is ${size} bytes with all it loads; at most ${MOST}`);
  for (const width of [1024, 400]) {
    await page.setViewportSize({ width, height: 900 });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > width) say(`it is ${wide} wide on a screen of ${width}: ${await widest(page, width)}`);
  }
  await told.picture(page, `${entry.name}-phone`);
}

/** What stands out of the screen. */
async function widest(page, width) {
  return page.evaluate(most => {
    const out = [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > most + 1 && !one.closest('.wide'));
    return out.slice(0, 3).map(one => one.outerHTML.slice(0, 120)).join(' | ');
  }, width);
}

/** Bytes of the page and of all that it names, as they are before anything is packed. */
async function weight(page) {
  const named = await page.evaluate(() => [...document.querySelectorAll('link[href], script[src], img[src]')].map(one => one.href || one.src));
  let sum = Buffer.byteLength(await page.content());
  for (const url of new Set(named)) {
    if (!sizes.has(url)) sizes.set(url, (await (await page.request.get(url)).body()).length);
    sum += sizes.get(url);
  }
  return sum;
}

/** The address of a page that has no fixed one. */
async function found(page, entry, places) {
  if (entry.beside) return places.get(entry.beside).replace(/[^/]*$/, entry.tab);
  const from = places.get(entry.from);
  expect(from, `${entry.from} stands in the table before ${entry.name}`);
  await page.goto(world.console + from);
  const links = await linksOf(page);
  const link = links.find(one => entry.link.test(one));
  expect(link, `${entry.from} has a link like ${entry.link}; it has ${links.join(', ')}`);
  return link;
}

async function linksOf(page) {
  const own = new URL(world.console).origin;
  const links = await page.evaluate(() => [...document.querySelectorAll('a[href]')].map(one => one.href.replace(/#.*/, '')));
  return links.filter(link => link.startsWith(own)).map(link => link.slice(own.length));
}

/** No link leads nowhere. */
async function leadSomewhere(page, links, wrong) {
  for (const link of links) {
    if (MISSING.includes(link)) continue;
    const response = await page.request.get(world.console + link);
    if (!response.ok()) wrong.push(`the link ${link} answers ${response.status()}`);
  }
}

/** Each place of the menu is in the table. */
async function menuIsWhole(page, wrong) {
  const known = new Set(Object.values(PAGES).flat().map(entry => entry.at));
  const menu = await page.getByRole('navigation', { name: 'Main' }).getByRole('link').evaluateAll(links => links.map(link => link.getAttribute('href')));
  for (const href of menu) if (!known.has(href) && !MISSING.includes(href)) wrong.push(`${href} of the menu is not in the table of pages`);
}
