// Everything is frozen: a deploy is refused with the next opening, the home tab says so to everybody, and it ends from Slack too.
import { scenario } from "../stage.mjs";

await scenario(async (come) => {
  const [dev, lead] = [await come("dev"), await come("lead")];
  await dev.types('/canary freeze checkout for 2h "sale"');
  await lead.sees("checkout is frozen until");
  await dev.types("/canary deploy checkout v1.2.4");
  await dev.sees("Nothing was started: checkout is frozen by");
  const home = await lead.home("checkout is frozen until");
  await dev.types("/canary unfreeze checkout");
  await lead.home("Nothing waits for you.");
  await home.getByText("checkout is frozen until").waitFor({ state: "detached" });
});
