// The colours follow the system until somebody presses the switch, which is remembered.
import { desktop, scenario } from "../stage.mjs";

await scenario(async (come) => {
  const dev = await come("dev", { ...desktop, colorScheme: "dark" });
  const expect = async (what, want) => {
    const got = await dev.page.evaluate(() => (getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((n) => Number(n) > 127) ? "light" : "dark"));
    if (got !== want) throw new Error(`${what} the page is ${got}, not ${want}`);
  };
  const press = (label) => dev.page.getByRole("button", { name: label, exact: true }).click();
  await expect("where the system is dark", "dark");
  await press("Colours: as the system");
  await expect("after the switch", "light");
  await dev.page.reload();
  await dev.composer.waitFor();
  await expect("once more", "light");
  await press("Colours: light");
  await dev.page.emulateMedia({ colorScheme: "light" });
  await expect("where dark was chosen", "dark");
  await press("Colours: dark");
  await expect("as the system again", "light");
});
