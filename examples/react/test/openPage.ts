import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright';

const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: args.split(' ') });
}

/** A page with its own cookies. `problems` lists its exceptions, errors and warnings, without refusals. */
export async function openPage(
  browser: Browser,
  origin: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; problems: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  const isRefusal = (line: string) => /status of (400|401|403|503)/.test(line); // Chromium logs each as an error
  page.on('pageerror', error => problems.push(error.message));
  page.on('console', message => {
    const isProblem = message.type() === 'error' || message.type() === 'warning';
    if (isProblem && !isRefusal(message.text())) problems.push(message.text());
  });
  page.setDefaultTimeout(120_000); // a busy machine is no failure
  await page.goto(origin);
  return { page, problems };
}

export async function choose(page: Page, title: string): Promise<void> {
  await page.getByRole('radio', { name: new RegExp(`^${title}`) }).check();
}

export async function signIn(page: Page, name: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Demo user' }).selectOption(name);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: `Signed in as ${name}` }).waitFor();
}

export function screenshot(page: Page, name: string): Promise<Buffer> {
  const path = new URL(`../screenshots/${name}.png`, import.meta.url).pathname;
  return page.screenshot({ path, fullPage: true });
}
