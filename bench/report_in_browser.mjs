// Looks at HTML reports as people do: three widths, light and dark, printed, by keyboard, and with axe-core's rules.
//
//   npm install --prefix FOLDER playwright-core axe-core
//   NODE_PATH=FOLDER/node_modules node bench/report_in_browser.mjs SHOTS report.html [MORE.html ...]
//
// Needs a Chromium (CHROMIUM=/usr/bin/chromium). Writes a picture for each report, width and theme into SHOTS; exit 1 where axe finds something, a page is
// wider than its screen, or a part of it is out of reach of the keyboard.

import { createRequire } from "node:module";
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.NODE_PATH ?? ".", "x.js"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [360, 768, 1280];
const THEMES = ["light", "dark"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

const [shots, ...reports] = process.argv.slice(2);
if (!reports.length) {
  console.error("usage: node bench/report_in_browser.mjs SHOTS report.html [MORE.html ...]");
  process.exit(2);
}
mkdirSync(shots, { recursive: true });
const profile = mkdtempSync(join(tmpdir(), "chromium-"));
const browser = await chromium.launchPersistentContext(profile, {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  headless: true,
  args: FLAGS,
  bypassCSP: true, // the report forbids scripts, axe is one
});
const complaints = [];

async function look(report, width, theme, media) {
  const name = `${basename(report, ".html")}-${media === "print" ? "print" : `${width}-${theme}`}`;
  const page = await browser.newPage();
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: theme, media });
  await page.goto(pathToFileURL(resolve(report)).href);
  await page.screenshot({ path: join(shots, `${name}.png`), clip: { x: 0, y: 0, width, height: 900 } });
  await page.evaluate(() => document.querySelectorAll("details").forEach((one) => (one.open = true)));
  await page.screenshot({ path: join(shots, `${name}-whole.png`), fullPage: true });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (overflow > 0) complaints.push(`${name}: ${overflow} pixels wider than the screen`);
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations", "incomplete"] }));
  for (const one of found.violations) complaints.push(`${name}: ${one.id}: ${one.help}: ${one.nodes.map((node) => node.target).slice(0, 3).join(" | ")}`);
  for (const one of found.incomplete) console.log(`${name}: to be looked at: ${one.id}: ${one.nodes.map((node) => node.target).slice(0, 3).join(" | ")}`);
  await page.close();
}

async function reach(report) {
  const page = await browser.newPage();
  await page.setViewportSize({ width: 360, height: 900 });
  await page.goto(pathToFileURL(resolve(report)).href);
  const wanted = await page.evaluate(() => document.querySelectorAll("summary, [tabindex='0']").length);
  const reached = new Set();
  for (let step = 0; step < 3 * wanted; step++) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate(() => {
      const here = document.activeElement;
      if (here.tagName === "SUMMARY") here.parentElement.open = true;
      return [...document.querySelectorAll("summary, [tabindex='0']")].indexOf(here);
    });
    if (at >= 0) reached.add(at);
  }
  if (reached.size < wanted) complaints.push(`${basename(report)}: ${reached.size} of ${wanted} parts are reached by Tab`);
  await page.close();
}

for (const report of reports) {
  for (const width of WIDTHS) for (const theme of THEMES) await look(report, width, theme, "screen");
  await look(report, 794, "light", "print");
  await reach(report);
}
await browser.close();
rmSync(profile, { recursive: true, force: true });
for (const one of complaints) console.error(one);
console.log(`${reports.length} reports, ${WIDTHS.length} widths, ${THEMES.length} themes, print: ${complaints.length} complaints`);
process.exit(complaints.length ? 1 : 0);
