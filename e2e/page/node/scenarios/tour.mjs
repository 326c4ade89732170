// The pictures of the docs: the card with its thread, beside the cluster, and each story that docs/tour.md shows.
import { scenario } from "../stage.mjs";

const stories = process.env.STORIES.split(" ");

await scenario(async (come) => {
  const dev = await come("dev", { viewport: { width: 1760, height: 860 } });
  await dev.types("/canary deploy checkout v1.2.4 faster tax lookup");
  const card = dev.card("checkout", "v1.2.3 → v1.2.4");
  await dev.sees("Waiting for a person", card);
  await card.getByRole("button", { name: /repl(y|ies)/ }).first().click();
  await dev.sees(/pass after/, dev.page.getByRole("log", { name: "Replies" }));
  await dev.pictured("card", dev.page, "..");

  const reader = await come("lead", { viewport: { width: 600, height: 900 } });
  await reader.opens("/storybook");
  for (const name of stories) {
    const story = reader.page.locator(`#${name} .story-shown > :last-child`); // the newest way to draw it
    await story.waitFor();
    await reader.pictured(name, story);
  }
});
