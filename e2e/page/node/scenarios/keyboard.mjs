// Deploy, promote, and roll back without a mouse. What has the focus is seen, dialogs keep it, and Escape leaves them.
import { scenario } from "../stage.mjs";

await scenario(async (come) => {
  const dev = await come("dev");
  const keys = async (...all) => { for (const k of all) await dev.page.keyboard.press(k); };
  const focused = () => dev.page.evaluate(() => {
    const el = document.activeElement;
    const style = getComputedStyle(el);
    return { label: el.getAttribute("aria-label") ?? el.labels?.[0]?.textContent ?? el.textContent, text: el.textContent, inDialog: Boolean(el.closest("dialog")), body: el === document.body, seen: style.outlineStyle !== "none" || el.matches("textarea, input, select") };
  });
  // tabTo presses Tab until what has the focus says so.
  const tabTo = async (words) => {
    for (let i = 0; i < 60; i++) {
      await keys("Tab");
      const at = await focused();
      if (!at.body && !at.seen) throw new Error(`nobody sees that ${at.label} has the focus`);
      if (words.test(at.text) || words.test(at.label)) return;
    }
    throw new Error(`Tab does not come to ${words}`);
  };

  await dev.composer.press("Shift+F6"); // the list of messages
  await keys("Shift+F6"); // the channels
  await tabTo(/^Deploy$/);
  await keys("Enter");
  await dev.modal.getByLabel("Service").waitFor();
  for (let i = 0; i < 25; i++) { // round and round: nothing behind it gets the focus
    await keys("Tab");
    const at = await focused();
    if (!at.inDialog && !at.body) throw new Error(`the focus left the form for ${at.label}`);
  }
  await keys("Escape");
  await dev.modal.waitFor({ state: "hidden" });
  if ((await focused()).text !== "Deploy") throw new Error("the focus did not come back to the button");
  await keys("Enter");
  await dev.modal.getByLabel("Service").waitFor();
  await tabTo(/^Service/);
  await dev.page.keyboard.type("checkout");
  await tabTo(/^Version/);
  await dev.page.keyboard.type("v1.2.4");
  await dev.modal.getByRole("option", { name: "v1.2.4" }).waitFor();
  await dev.modal.getByRole("option", { name: "v1.3.1" }).waitFor({ state: "detached" }); // the list is that of what was typed
  await keys("ArrowDown", "Enter");
  await tabTo(/^Reason/);
  await dev.page.keyboard.type("faster tax lookup");
  await tabTo(/^Deploy$/);
  await keys("Enter");
  await dev.sees("on its way", dev.modal);
  await tabTo(/^Close$/);
  await keys("Enter");

  const card = dev.card("checkout", "v1.2.3 → v1.2.4");
  await dev.button("Promote to 50 %", card).waitFor();
  await dev.composer.focus();
  await keys("Shift+F6", "ArrowUp"); // the newest message
  await tabTo(/^Roll back/);
  await keys("Enter");
  await dev.modal.waitFor();
  await keys("Escape"); // not yet
  await dev.modal.waitFor({ state: "hidden" });
  await keys("Enter");
  await dev.modal.waitFor();
  await keys("Enter"); // its button has the focus
  await dev.sees("Rolled back", card);
});
