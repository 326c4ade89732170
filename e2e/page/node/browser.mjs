// Starts the browser that all scenarios share, says where it is, and ends it when nobody holds its input any more.
import { chromium } from "playwright-core";

const server = await chromium.launchServer({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"], host: "127.0.0.1" });
console.log(server.wsEndpoint());
process.stdin.resume().on("end", () => server.close());
