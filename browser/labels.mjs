// Holds the names on the pages against the list of those that an administrator looks for.
import { readFileSync } from 'node:fs';

const list = new URL('creating-a-connection.txt', import.meta.url);
const ROLES = ['link', 'button', 'checkbox', 'radio', 'textbox', 'combobox', 'option', 'heading', 'tab', 'group'];

export class Labels {
  #left = readFileSync(list, 'utf8').split('\n').filter(line => line !== '' && !line.startsWith('#'));

  /** The next names of the list, which must be these, are on the page. */
  async see(page, ...names) {
    for (const name of names) {
      const next = this.#left.shift();
      if (next !== name) throw new Error(`the next name of the list is ${next}, and the story is at ${name}`);
      await find(page, name);
    }
  }

  /** The next name of the list stands in a sentence of the page. */
  async seeInWords(page, name) {
    const next = this.#left.shift();
    if (next !== name) throw new Error(`the next name of the list is ${next}, and the story is at ${name}`);
    const words = page.locator('main').getByText(name).filter({ visible: true });
    await words.first().waitFor();
  }

  /** All of them were seen. */
  end() {
    if (this.#left.length > 0) throw new Error(`the story ends before ${this.#left.join(', ')}`);
  }
}

/** The control of this name. */
export function field(page, name) {
  return page.getByLabel(folded(name));
}

async function find(page, name) {
  const pattern = folded(name);
  let any = page.getByText(pattern).filter({ visible: true });
  for (const role of ROLES) any = any.or(page.getByRole(role, { name: pattern }));
  // A file's button is the browser's own; the label beside it has the name.
  any = any.or(page.getByLabel(pattern));
  try {
    await any.first().waitFor({ state: 'attached', timeout: 10_000 });
  } catch {
    throw new Error(`nothing on ${page.url()} is called ${name}`);
  }
}

/** The whole name, "&" as "and", with parentheses or without. A field that must be filled says so behind its name. */
function folded(name) {
  const words = name.split(/\s+/).map(word => {
    const plain = word.replace(/[.*+?^${}()|[\]\\]/g, found => (found === '(' || found === ')' ? `\\${found}?` : `\\${found}`));
    return plain === '&' || plain === 'and' ? '(?:&|and)' : `\\(?${plain}\\)?`;
  });
  return new RegExp(`^\\s*${words.join('\\s+')}\\s*(?:required)?\\s*$`);
}
