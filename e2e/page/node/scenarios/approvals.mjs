// Two others have to approve. Whoever asked is refused, as is who may not, and the card tells everybody alike.
import { scenario } from "../stage.mjs";

await scenario(async (come) => {
  const [dev, onCall, lead, intern] = [await come("dev"), await come("on-call"), await come("lead"), await come("intern")];
  await dev.types("/canary deploy checkout v1.2.4 --plan careful");
  const shown = (person) => person.card("checkout", "v1.2.3 → v1.2.4", "Waiting for a person");
  await dev.sees("Waiting for a person", shown(dev));

  await dev.presses("Approve, 1 of 2", shown(dev));
  await dev.sees("You asked for checkout-1, so somebody else has to approve it.");
  await intern.presses("Approve, 1 of 2", shown(intern));
  await intern.sees("may not promote here. Nothing was changed.");

  await onCall.presses("Approve, 1 of 2", shown(onCall));
  await dev.sees("Approved by", shown(dev));
  await lead.presses("Promote to 50 %", shown(lead));
  await dev.sees("Succeeded", dev.card("checkout", "v1.2.3 → v1.2.4"));
});
