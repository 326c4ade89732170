// On a phone nothing scrolls sideways: the channel, the card, its thread, a modal, the home tab, the storybook.
import { phone, scenario } from "../stage.mjs";

await scenario(async (come) => {
  const onCall = await come("on-call", phone);
  await onCall.fits("the channel");
  await onCall.page.getByRole("button", { name: "Hide the panel" }).or(onCall.composer).first().click();
  await onCall.types('/canary deploy checkout v1.2.4 "faster tax lookup, and a reason that is long enough to be broken somewhere"');
  const card = onCall.card("checkout", "v1.2.3 → v1.2.4");
  await onCall.sees("Waiting for a person", card);
  await onCall.fits("the card");
  await onCall.pictured("phone");
  await card.getByRole("button", { name: /repl(y|ies)/ }).first().click();
  await onCall.sees("Started", onCall.page.getByRole("log", { name: "Replies" })).catch(() => {});
  await onCall.fits("the thread");
  await onCall.page.getByRole("button", { name: "Close the thread" }).click();
  await onCall.presses("Roll back", card);
  await onCall.fits("the question");
  await onCall.presses("Roll back", onCall.modal);
  await onCall.sees("Rolled back", card);

  await onCall.page.getByRole("button", { name: "Channels and people" }).click();
  await onCall.fits("the menu");
  await onCall.presses("Deploy", onCall.page.getByRole("navigation"));
  await onCall.modal.getByLabel("Service").waitFor();
  await onCall.fits("the form");
  await onCall.presses("Cancel", onCall.modal);
  await onCall.page.getByRole("button", { name: "Channels and people" }).click();
  await onCall.home("Rolled back");
  await onCall.fits("the home tab");
  await onCall.opens("/storybook");
  await onCall.sees(/^[0-9]{3} stories$/, onCall.page.getByRole("status"));
  await onCall.fits("the storybook");
});
