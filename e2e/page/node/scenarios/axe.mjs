// Whoever sees little, or hears the page read out, can use it: in both colours, on each kind of page.
import { desktop, scenario } from "../stage.mjs";
import { reachable } from "../axe.mjs";

await scenario(async (come) => {
  const people = { light: await come("dev", { ...desktop, colorScheme: "light" }), dark: await come("on-call", { ...desktop, colorScheme: "dark" }) };
  await people.light.types('/canary deploy checkout v1.2.4 "faster tax lookup"');
  for (const [colours, person] of Object.entries(people)) {
    const look = (what) => reachable(person, `${what}, ${colours}`);
    const card = person.card("checkout", "v1.2.3 → v1.2.4");
    await person.sees("Waiting for a person", card);
    await look("the channel");
    await card.getByRole("button", { name: /repl(y|ies)/ }).first().click();
    await person.page.getByRole("button", { name: "Close the thread" }).waitFor();
    await look("the thread");
    if (colours === "dark") await person.pictured("dark", card);
    await person.presses("Deploy", person.page.getByRole("navigation"));
    await person.modal.getByLabel("Service").waitFor();
    await look("the form");
    await person.presses("Cancel", person.modal);
    await person.home("checkout-1");
    await look("the home tab");
    for (const kind of ["modal", "home"]) { // the others are like what was looked at
      await person.opens("/storybook?kind=" + kind);
      await person.sees(/ of [0-9]{3} stories$/, person.page.getByRole("status"));
      await look("the storybook's kind " + kind);
    }
  }
});
