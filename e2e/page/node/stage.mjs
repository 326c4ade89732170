// What every scenario stands on: a browser, the people in front of it, and how they wait. Nobody ever sleeps: what a person
// looks for is waited for, as long as it takes a machine with other things to do.
import { chromium } from "playwright-core";

const { BROWSER, URL: address, PICTURES } = process.env;
const patience = 60_000;
export const desktop = { viewport: { width: 1440, height: 900 } };
export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** scenario runs play with what opens a window for somebody: with a keyboard and a mouse, or on what is said. It fails if a
 * page complained on its console. All scenarios share a browser, and each has a demo of its own. */
export async function scenario(play) {
  const browser = await chromium.connect(BROWSER);
  const people = [];
  const come = async (who, device = desktop) => {
    const person = await Person.come(browser, who, device);
    people.push(person);
    return person;
  };
  try {
    await play(come);
    for (const p of people) p.complained();
  } catch (err) {
    for (const p of people) console.log(`\n${p.who} sees:\n${await p.words()}`);
    throw err;
  } finally {
    await browser.close();
  }
}

class Person {
  /** come opens a window of its own for somebody. */
  static async come(browser, who, device) {
    const context = await browser.newContext({ locale: "en-GB", timezoneId: "UTC", reducedMotion: "reduce", ...device });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    const person = new Person(who, page);
    page.on("pageerror", (err) => person.trouble.push(String(err)));
    page.on("console", (said) => ["error", "warning"].includes(said.type()) && person.trouble.push(`${said.text()} ${said.location().url}`));
    page.on("response", (r) => r.status() >= 400 && person.trouble.push(`${r.status()} for ${r.request().postData()}`));
    await page.goto(address + "/?as=" + who);
    await person.composer.waitFor();
    return person;
  }

  constructor(who, page) {
    this.who = who;
    this.page = page;
    this.trouble = [];
    this.composer = page.getByRole("combobox", { name: "Message to the channel" });
    this.channel = page.getByRole("log", { name: "Messages" });
    this.modal = page.getByRole("dialog");
  }

  /** types a line into the channel, and sends it. */
  async types(line) {
    await this.composer.fill(line);
    await this.composer.press("Enter");
  }

  /** card is the newest message of the bot that says all of these. */
  card(...words) {
    return words.reduce((found, hasText) => found.filter({ hasText }), this.channel.getByRole("article")).last();
  }

  /** button is the newest one with exactly these words on it. */
  button(label, within = this.channel) {
    return within.getByRole("button").filter({ hasText: new RegExp(`^${label.replaceAll("+", "\\+")}$`) }).last();
  }

  async presses(label, within) {
    await this.button(label, within).click();
  }

  /** opens goes to another page of the simulator's. */
  async opens(path) {
    await this.page.goto(address + path);
  }

  /** home opens the app's home, and waits for its words. */
  async home(words) {
    await this.page.getByRole("navigation").getByRole("button", { name: "canary", exact: true }).click();
    const home = this.page.locator("#home");
    await this.sees(words, home);
    return home;
  }

  /** pressing presses, and returns what presses the same again, however late that is. */
  async pressing(label, within) {
    const [sent] = await Promise.all([this.page.waitForRequest((r) => r.url().endsWith("/sim/press")), this.presses(label, within)]);
    const body = sent.postData();
    return () => this.page.evaluate((body) => fetch("/sim/press", { method: "POST", body }), body);
  }

  /** sees waits for the words. */
  async sees(words, within = this.channel) {
    await within.getByText(words).last().waitFor();
  }

  /** lacks fails where the words stand now; something later is there already. */
  async lacks(words, within = this.channel) {
    const n = await within.getByText(words).count();
    if (n > 0) throw new Error(`${this.who} sees ${words}`);
  }

  /** fits fails where the page, or what is scrolled in it, goes sideways. */
  async fits(what) {
    const wide = await this.page.evaluate(() => [document.documentElement, ...document.querySelectorAll(".scroll, .modal-body, .panel-body, .side-scroll")]
      .filter((el) => el.scrollWidth > el.clientWidth && el.clientWidth > 0).map((el) => `${el.tagName} ${el.className}: ${el.scrollWidth} > ${el.clientWidth}`));
    if (wide.length > 0) throw new Error(`${what} scrolls sideways: ${wide.join(", ")}`);
  }

  async words() {
    return this.page.locator("body").innerText({ timeout: 5000 }).catch((err) => String(err));
  }

  /** pictured writes a picture for the docs, where they are asked for; to: the folder, from that of the pictures. */
  async pictured(name, part = this.page, to = ".") {
    if (PICTURES) await part.screenshot({ path: `${PICTURES}/${to}/${name}.png`, animations: "disabled", caret: "hide" });
  }

  complained() {
    if (this.trouble.length > 0) throw new Error(`the page of ${this.who} complained:\n` + this.trouble.join("\n"));
  }
}
