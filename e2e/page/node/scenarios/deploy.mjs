// Somebody deploys with the form, is told what is wrong with it before it starts, promotes, and rolls back. A click that
// comes late does nothing, and says why.
import { scenario } from "../stage.mjs";

await scenario(async (come) => {
  const dev = await come("dev");
  await dev.presses("Deploy", dev.page.getByRole("navigation"));
  await dev.presses("Deploy", dev.modal);
  await dev.sees("required", dev.modal.getByRole("alert"));

  await dev.modal.getByLabel("Service").selectOption("checkout");
  await dev.modal.getByRole("combobox", { name: "Version" }).pressSequentially("v1.2.4", { delay: 50 }); // while the form follows the choice of the service
  await dev.modal.getByRole("option", { name: "v1.2.4" }).click();
  await dev.modal.getByLabel("Reason").fill("faster tax lookup");
  await dev.sees("v1.2.3 → v1.2.4", dev.modal);
  await dev.presses("Deploy", dev.modal);
  await dev.sees("on its way", dev.modal);
  await dev.presses("Close", dev.modal);

  const card = dev.card("checkout", "v1.2.3 → v1.2.4");
  await dev.sees("faster tax lookup", card);
  await dev.sees("Waiting for a person", card);
  await dev.presses("Pause", card);
  const again = await dev.pressing("Resume", card);
  await dev.button("Promote to 50 %", card).waitFor();
  await again();
  await dev.sees("Nothing was changed.");
  await dev.presses("Roll back", card);
  await dev.presses("Roll back", dev.modal);
  await dev.sees("Rolled back", card);
  await dev.lacks("Roll back", card.getByRole("button"));
});
