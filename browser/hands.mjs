// Two ways to use a page: by mouse, and by keyboard only.

/** Links and buttons lead to a page, or to a file; what comes then is waited for. */
async function leads(page, act) {
  const there = Promise.race([page.waitForEvent('domcontentloaded'), page.waitForEvent('download')]);
  await Promise.all([there, act()]);
}

/** As most people do. */
export class Mouse {
  #page;
  constructor(page) { this.#page = page; }

  async press(locator) { await leads(this.#page, () => locator.click()); }
  /** As press, where a part of the page may change instead: the story waits for what it wants to see. */
  async push(locator) { await locator.click(); }
  async fill(locator, text) { await locator.fill(text); }
  async tick(locator, on) { await locator.setChecked(on); }
  async choose(locator, label) { await locator.selectOption({ label }); }
  async file(locator, path) { await locator.setInputFiles(path); }
}

/** The tab key, the arrows, blank and enter; each stop must be seen. */
export class Keyboard {
  #page;
  constructor(page) { this.#page = page; }

  async press(locator) {
    await this.#reach(locator);
    await leads(this.#page, () => this.#page.keyboard.press('Enter'));
  }

  async push(locator) {
    await this.#reach(locator);
    await this.#page.keyboard.press('Enter');
  }

  async fill(locator, text) {
    await this.#reach(locator);
    await this.#page.keyboard.press('Control+A');
    if (text === '') await this.#page.keyboard.press('Delete');
    else await this.#page.keyboard.insertText(text);
  }

  async tick(locator, on) {
    if ((await locator.isChecked()) === on) return;
    await this.#reach(locator);
    await this.#page.keyboard.press('Space');
    if ((await locator.isChecked()) !== on) throw new Error(`the blank key does not change ${locator}`);
  }

  async choose(locator, label) {
    await this.#reach(locator);
    const chosen = () => locator.evaluate(select => select.selectedOptions[0]?.label.trim());
    const count = await locator.evaluate(select => select.options.length);
    await this.#page.keyboard.press('Home');
    for (let at = 0; at < count && (await chosen()) !== label; at++) await this.#page.keyboard.press('ArrowDown');
    if ((await chosen()) !== label) throw new Error(`the arrow keys do not reach ${label} in ${locator}`);
  }

  async file(locator, path) {
    await this.#reach(locator);
    const chooser = this.#page.waitForEvent('filechooser');
    await this.#page.keyboard.press('Space');
    await (await chooser).setFiles(path);
  }

  /** Tab after tab, as many as a page has stops. */
  async #reach(locator) {
    await locator.waitFor();
    const isThere = () => locator.evaluate(element => element === document.activeElement);
    const back = await locator.evaluate(element => {
      const active = document.activeElement;
      return active !== document.body && Boolean(active.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING);
    });
    for (let stops = 0; stops < 400; stops++) {
      if (await isThere()) return this.#mustBeSeen(locator);
      await this.#page.keyboard.press(back ? 'Shift+Tab' : 'Tab');
      if (await locator.evaluate(radioOfTheSame)) {
        // A group of radio buttons is one stop; the arrows go on inside it.
        for (let at = 0; at < 20 && !(await isThere()); at++) await this.#page.keyboard.press('ArrowDown');
      }
    }
    throw new Error(`the tab key never reaches ${locator}`);
  }

  async #mustBeSeen(locator) {
    const seen = await locator.evaluate(element => {
      const style = getComputedStyle(element);
      return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0;
    });
    if (!seen) throw new Error(`nothing shows that the keyboard is at ${locator}`);
  }
}

function radioOfTheSame(element) {
  const active = document.activeElement;
  return element.type === 'radio' && active !== element && active?.type === 'radio' && active.name === element.name;
}
