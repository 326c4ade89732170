// Takes docs/card.png from the running demo: deploys v1.2.4, waits until the card asks for approval, opens its thread.
// `make picture` runs it. It needs node 20 or newer, a chromium and an emoji font; CHROMIUM names another one.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const address = "127.0.0.1:8098";
const profile = mkdtempSync(join(tmpdir(), "picture-"));
const demo = spawn("bin/demo", { env: { ...process.env, ADDR: address }, stdio: "ignore" });
const browser = spawn(process.env.CHROMIUM ?? "chromium", [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank",
], { stdio: ["ignore", "ignore", "pipe"] });

// until asks again and again, for up to two minutes, and returns what is true at last.
async function until(what, ask) {
  for (const end = Date.now() + 120_000; Date.now() < end; await new Promise((r) => setTimeout(r, 200))) {
    const answer = await ask();
    if (answer) return answer;
  }
  throw new Error(`It took too long: ${what}.`);
}

// connect opens the DevTools protocol of the browser's first page and returns what sends a command.
async function connect() {
  let said = "";
  browser.stderr.on("data", (d) => { said += d; });
  const port = await until("the browser's start", () => said.match(/DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)/)?.[1]);
  const pages = await until("a page", async () => (await (await fetch(`http://127.0.0.1:${port}/json`)).json()).filter((p) => p.type === "page"));
  const socket = new WebSocket(pages[0].webSocketDebuggerUrl);
  const waiting = new Map();
  socket.onmessage = (m) => {
    const { id, result, error } = JSON.parse(m.data);
    if (error) throw new Error(error.message);
    waiting.get(id)?.(result);
  };
  await new Promise((opened) => { socket.onopen = opened; });
  let last = 0;
  return (method, params = {}) => new Promise((answered) => {
    waiting.set(++last, answered);
    socket.send(JSON.stringify({ id: last, method, params }));
  });
}

try {
  const send = await connect();
  const look = async (expression) => (await send("Runtime.evaluate", { expression })).result.value;
  const click = (what, selector) => until(what, () => look(`(() => { const b = ${selector}; b?.click(); return !!b; })()`));
  await send("Emulation.setDeviceMetricsOverride", { width: 1760, height: 860, deviceScaleFactor: 1, mobile: false });
  await until("the demo's start", () => fetch(`http://${address}/`).then((r) => r.ok, () => false));
  await send("Page.navigate", { url: `http://${address}/` });
  await new Promise((r) => setTimeout(r, 20_000)); // stable gets a past, from which the thread says what will be seen
  await click("the first command", `[...document.querySelectorAll("#composer button")].find((b) => !b.disabled && document.querySelector("#composer textarea, #composer input").value.startsWith("/canary deploy"))`);
  await until("the question", () => look(`document.body.innerText.includes("Waiting for a person")`));
  await click("the thread", `document.querySelector(".replies-bar")`);
  await until("the thread's summary", () => look(`document.querySelector("#replies")?.innerText.includes("did its")`));
  await new Promise((r) => setTimeout(r, 1500)); // what moves comes to rest
  const { data } = await send("Page.captureScreenshot", { format: "png" });
  writeFileSync("docs/card.png", Buffer.from(data, "base64"));
} catch (err) {
  console.error(err.message);
  process.exitCode = 1;
} finally {
  const gone = new Promise((r) => browser.once("exit", r));
  demo.kill();
  browser.kill();
  await gone;
  rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
}
