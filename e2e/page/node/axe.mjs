// axe-core looks for what keeps people out who do not see well, or use no mouse.
import { createRequire } from "node:module";

const { source } = createRequire(import.meta.url)("axe-core");

/** reachable makes the page of somebody complain of whatever axe calls serious or critical; what: the name of what is shown. */
export async function reachable(person, what) {
  await person.page.evaluate(source);
  const found = await person.page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const grave = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  const said = grave.map((v) => `${v.id}: ${v.help}\n` + v.nodes.slice(0, 4).map((n) => `  ${n.target}: ${n.failureSummary.replaceAll("\n", " ")}`).join("\n"));
  if (grave.length > 0) person.trouble.push(`${what} keeps people out:\n${said.join("\n")}`);
}
