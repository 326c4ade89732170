// Somebody changes what they wrote, gives an emoji and takes it back, uploads a file, and deletes their message. Somebody
// else sees all of that beside them, and can do none of it with a message that is not theirs.
import { scenario } from "../stage.mjs";

await scenario(async (come) => {
  const [dev, lead] = [await come("dev"), await come("lead")];
  await dev.types("v1.2.4 looks good");
  const message = (person, words) => person.channel.getByRole("article").filter({ hasText: words }).last();
  const tool = async (person, words, name) => {
    await message(person, words).hover();
    await message(person, words).getByRole("button", { name, exact: true }).click();
  };

  await tool(dev, "v1.2.4 looks good", "More");
  await dev.page.getByRole("menuitem", { name: "Edit message" }).click();
  await dev.modal.getByLabel("Message").fill("v1.2.5 looks bad");
  await dev.presses("Save", dev.modal);
  await lead.sees("v1.2.5 looks bad");
  await lead.sees("(edited)", message(lead, "v1.2.5 looks bad"));

  await tool(lead, "v1.2.5 looks bad", "More");
  await lead.page.getByRole("menuitem", { name: "Deploy this version" }).waitFor();
  await lead.lacks("Edit message", lead.page.getByRole("menu"));
  await lead.page.keyboard.press("Escape");
  await tool(lead, "v1.2.5 looks bad", "React");
  await lead.page.getByRole("menuitem", { name: "Looking" }).click();
  await message(dev, "v1.2.5 looks bad").getByRole("button", { name: "eyes, from lead" }).click();
  await message(lead, "v1.2.5 looks bad").getByRole("button", { name: "eyes, from lead, dev", pressed: true }).click();
  await message(dev, "v1.2.5 looks bad").getByRole("button", { name: "eyes, from dev", exact: true, pressed: true }).waitFor();

  await dev.page.locator("#composer input[type=file]").setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("what I saw") });
  await message(lead, "notes.txt").getByRole("link", { name: "notes.txt" }).waitFor();

  await tool(dev, "v1.2.5 looks bad", "More");
  await dev.page.getByRole("menuitem", { name: "Delete message" }).click();
  await dev.presses("Delete", dev.modal);
  await message(lead, "v1.2.5 looks bad").waitFor({ state: "detached" });

  await dev.opens("/pair?left=dev&right=lead");
  for (const name of ["dev", "lead"]) await dev.sees("notes.txt", dev.page.frameLocator(`iframe[title="${name}"]`).getByRole("log", { name: "Messages" }));
});
