// Pictures of Airflow's pages: node shots.js BROWSER URL FOLDER '[["name", "/path", "a text that the page shows"], …]'
const { chromium } = require("playwright-core");

const [browser, url, folder, pages] = process.argv.slice(2);

(async () => {
  const quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
  const window = await chromium.launch({ executablePath: browser, headless: true, args: quiet });
  const page = await window.newPage({ viewport: { width: 1500, height: 900 }, colorScheme: "light" });
  for (const [name, path, text] of JSON.parse(pages)) {
    const [place, tab] = path.split("?");
    if (tab) await page.evaluate(() => localStorage.setItem("dag_view-shop", '"graph"'));
    await page.goto(url + place, { waitUntil: "domcontentloaded", timeout: 60000 });
    await page.getByText(text).first().waitFor({ timeout: 60000 });
    if (tab) await page.getByRole("button", { name: /graph/i }).first().click({ timeout: 5000 }).catch(() => {});
    if (name === "import-error") {
      await page.getByText(/Import Error/i).first().click({ timeout: 20000 });
      await page.getByText("broken.py").first().click({ timeout: 20000 }).catch(() => {});
    }
    await page.waitForTimeout(4000);
    await page.screenshot({ path: `${folder}/${name}.png` });
    console.log(name, page.url());
  }
  await window.close();
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
